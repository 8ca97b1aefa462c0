import { type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http';
import type { Replica } from './replica-table.ts';

/** What became of a request that was given to a replica. */
export type ForwardOutcome =
  /** The whole answer went on to the client. */
  | 'answered'
  /** No connection: nothing was sent, so another replica may get it. */
  | 'unreached'
  /** The connection broke after it had opened: the request may have been served, so it is not sent again. */
  | 'failed'
  /** The client went away. */
  | 'cancelled';

/**
 * Sends a request with its whole body to a replica and its answer on to the client, head and body as they come. Never
 * rejects. `unreached`, and `failed` before the answer's head, leave the response untouched.
 */
export function forward(
  asked: IncomingMessage,
  body: Buffer,
  { host, port, agent }: Replica,
  response: ServerResponse,
): Promise<ForwardOutcome> {
  return new Promise((resolve) => {
    let connected = false;
    const { method, url: path } = asked;
    const headers = headersFor(asked, body);
    const request = openRequest({ host, port, agent, method, path, headers });
    const gone = (): void => {
      request.destroy();
      resolve('cancelled');
    };
    const settle = (outcome: ForwardOutcome): void => {
      response.off('close', gone);
      resolve(outcome);
    };
    if (response.closed) return gone();
    response.on('close', gone);
    request.on('socket', (socket) => {
      connected = !socket.connecting;
      if (!connected) socket.once('connect', () => (connected = true));
    });
    // Also once the answer has begun; then its own end is what counts.
    request.on('error', () => settle(connected ? 'failed' : 'unreached'));
    request.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders));
      answer.pipe(response);
      answer.on('end', () => settle('answered'));
      answer.on('error', () => {
        settle('failed');
        // The client must not take what it has for the whole.
        response.destroy();
      });
    });
    request.end(body);
  });
}

/** As a flat list, as Node takes it; the body has been read, so its length is known. */
function headersFor({ rawHeaders, method }: IncomingMessage, body: Buffer): string[] {
  const headers = endToEnd(rawHeaders, 'content-length');
  if (body.byteLength > 0 || method === 'POST') headers.push('content-length', String(body.byteLength));
  return headers;
}

/** Headers of one connection, not of the message (RFC 9110, 7.6.1); and Expect, which has been answered. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Without those of the connection, without those that the header Connection names, and without `besides`. */
function endToEnd(rawHeaders: readonly string[], besides?: string): string[] {
  const kept: string[] = [];
  let named: readonly string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'connection') named = value.toLowerCase().split(/\s*,\s*/);
    if (!OF_THE_CONNECTION.has(lower) && lower !== besides) kept.push(name, value);
  }
  const extra = named.filter((name) => name !== 'close' && name !== 'keep-alive' && name !== '');
  return extra.length === 0 ? kept : withoutNames(kept, extra);
}

function withoutNames(headers: readonly string[], names: readonly string[]): string[] {
  return headers.filter((_, index) => !names.includes((headers[index - (index % 2)] ?? '').toLowerCase()));
}
