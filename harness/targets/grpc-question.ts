import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { TargetError } from '../errors.ts';
import type { TargetEndpoint } from './target.ts';

/** How a server answered one call. */
export interface GrpcReply {
  /** gRPC's; 0 is ok. */
  readonly status: number;
  readonly words: string;
  /** Of the only message; undefined where the call failed. */
  readonly message: Buffer | undefined;
}

const PREFIX_BYTES = 5;
const UNKNOWN = 2;

/**
 * Makes one unary call on a connection of its own: for the questions before and after a load. Any status is an answer;
 * TargetError only where there is none.
 */
export async function askGrpc(
  { url, headers, tls }: TargetEndpoint,
  path: string,
  message: Uint8Array,
  timeoutMs: number,
): Promise<GrpcReply> {
  const unixPath = url.startsWith('unix:') ? url.slice('unix:'.length) : undefined;
  const { insecure, ...pem } = tls ?? {};
  const session =
    unixPath === undefined
      ? connect(url.replace(/^grpc/, 'http'), { ...pem, rejectUnauthorized: insecure !== true })
      : connect('http://localhost', { createConnection: () => connectSocket(unixPath) });
  try {
    return await exchanged(session, { ...lowerCase(headers), ':path': path }, message, timeoutMs);
  } catch (cause) {
    const { code, message: words } = cause as NodeJS.ErrnoException;
    throw new TargetError(
      `${url} gave no answer over gRPC (${code ?? words}).`,
      'Start the server, or correct target.url. Is it a gRPC port? Triton has 8000 for HTTP and 8001 for gRPC.',
      { cause },
    );
  } finally {
    session.destroy();
  }
}

function exchanged(
  session: ClientHttp2Session,
  headers: Readonly<Record<string, string>>,
  message: Uint8Array,
  timeoutMs: number,
): Promise<GrpcReply> {
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      te: 'trailers',
      'content-type': 'application/grpc',
      'grpc-timeout': `${Math.ceil(timeoutMs)}m`,
      ...headers,
    });
    const pieces: Buffer[] = [];
    let [status, words] = [UNKNOWN, 'the answer has no status'];
    const heed = (fields: Readonly<Record<string, unknown>>): void => {
      if (fields['grpc-status'] === undefined) return;
      status = Number(fields['grpc-status']);
      words = decoded(String(fields['grpc-message'] ?? ''));
    };
    stream.setTimeout(timeoutMs, () => stream.close(constants.NGHTTP2_CANCEL));
    stream.on('error', reject);
    stream.on('response', heed);
    stream.on('trailers', heed);
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('close', () => {
      if (stream.rstCode === constants.NGHTTP2_CANCEL) {
        reject(new Error(`nothing within ${timeoutMs / 1000} s`));
        return;
      }
      const all = Buffer.concat(pieces);
      const isWhole = status === 0 && all.length >= PREFIX_BYTES && all[0] === 0;
      resolve({ status, words, message: isWhole ? all.subarray(PREFIX_BYTES) : undefined });
    });
    const prefix = Buffer.alloc(PREFIX_BYTES);
    prefix.writeUInt32BE(message.byteLength, 1);
    stream.end(Buffer.concat([prefix, message]));
  });
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function decoded(words: string): string {
  try {
    return decodeURIComponent(words);
  } catch {
    return words;
  }
}
