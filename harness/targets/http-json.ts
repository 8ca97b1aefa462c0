import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { TargetError } from '../errors.ts';
import type { EndpointTls } from './target.ts';

/** The control connection of a target: small JSON questions before and after the load, never during it. */
export interface HttpJson {
  /** Any status is an answer; TargetError only when there is no answer at all. `path` starts with a slash. */
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly text: string;
  /** undefined when the body is empty or is not JSON (Triton answers health with nothing). */
  readonly json: unknown;
  /** What the header Via says stands in between. */
  readonly via?: string;
}

export interface HttpJsonOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly tls?: EndpointTls;
  readonly timeoutMs?: number;
}

/** Answers of the control plane are small; whatever is longer is not one. */
const MAX_ANSWER_CHARACTERS = 16 * 1024 * 1024;

/** `baseUrl`: http, https, or `unix:/path` of a socket. */
export function httpJson(baseUrl: string, options: HttpJsonOptions = {}): HttpJson {
  const { headers = {}, tls = {}, timeoutMs = 5_000 } = options;
  const socketPath = baseUrl.startsWith('unix:') ? baseUrl.slice('unix:'.length) : undefined;
  const base = socketPath === undefined ? baseUrl.replace(/\/+$/, '') : 'http://localhost';
  return {
    async ask(method, path, body) {
      const url = new URL(`${base}${path}`);
      try {
        return await exchange(method, url, body, { headers, tls, timeoutMs, socketPath });
      } catch (cause) {
        throw noAnswer(url, cause, timeoutMs);
      }
    },
  };
}

function exchange(
  method: string,
  url: URL,
  body: unknown,
  options: Required<HttpJsonOptions> & { readonly socketPath: string | undefined },
): Promise<Answer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const type = payload === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method,
      // A connection of its own, closed at once: nothing of the control plane is left open during the load.
      agent: false,
      ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
      ...pemOptions(options.tls),
      signal: AbortSignal.timeout(options.timeoutMs),
      headers: { accept: 'application/json', ...type, ...options.headers },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      readAnswer(response).then(resolve, reject);
    });
    request.end(payload);
  });
}

function pemOptions({ insecure, ...pem }: EndpointTls) {
  return insecure === true ? { ...pem, rejectUnauthorized: false } : pem;
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) {
    text += chunk;
    if (text.length > MAX_ANSWER_CHARACTERS) throw new Error('the answer is larger than 16 M characters');
  }
  return answer(response.statusCode ?? 0, text, response.headers.via);
}

function answer(status: number, text: string, via: string | undefined): Answer {
  const said = { status, ok: status >= 200 && status < 300, text, json: parsed(text) };
  return via === undefined ? said : { ...said, via };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What the server said about a failure, in its own words: `{"error": …}`, `{"message": …}`, or the body's start. */
export function wordsOf({ status, text, json }: Answer): string {
  const { error, message } = (json ?? {}) as { error?: unknown; message?: unknown };
  const words = [error, message].find((value) => typeof value === 'string') ?? text.trim().slice(0, 200);
  return words === '' ? `status ${status}` : `status ${status}: ${words}`;
}

function noAnswer(url: URL, cause: unknown, timeoutMs: number): TargetError {
  const { code, name, message } = cause as NodeJS.ErrnoException;
  const known: Readonly<Record<string, [string, string]>> = {
    ECONNREFUSED: [
      `Nothing listens at ${url.host}`,
      'Start the server, or correct host and port in target.url.',
    ],
    ENOTFOUND: [`The host ${url.hostname} is not known`, 'Correct target.url, or the name service.'],
    EAI_AGAIN: [`The name ${url.hostname} could not be looked up`, 'Check the network, then run again.'],
    ECONNRESET: [
      `${url.host} closed the connection without an answer`,
      'Is it an HTTP port? Triton has 8000 for HTTP and 8001 for gRPC.',
    ],
    HPE_INVALID_CONSTANT: [
      `${url.host} does not speak HTTP/1.1`,
      'Is it a gRPC port? Triton has 8000 for HTTP and 8001 for gRPC.',
    ],
  };
  const timedOut: [string, string] = [
    `${url.href} gave no answer within ${timeoutMs / 1000} s`,
    'Is the server up and reachable from here?',
  ];
  const [words, advice] =
    name === 'AbortError' || name === 'TimeoutError'
      ? timedOut
      : (known[code ?? ''] ?? [`${url.href} gave no answer: ${message}`, 'Check target.url.']);
  return new TargetError(`${words}.`, advice, { cause });
}
