import type { Socket } from 'node:net';
import type { Refusal } from '../operations/door-counts.ts';

/** What Node says of a request that it could not read. */
const TOO_LARGE = 'HPE_HEADER_OVERFLOW';
const TOO_SLOW = 'ERR_HTTP_REQUEST_TIMEOUT';
const LINGER_MS = 1000;

/** Undefined: it is a mistake of the caller's, and no limit. */
export function refusalOf({ code }: NodeJS.ErrnoException): Refusal | undefined {
  if (code === TOO_LARGE) return 'headers';
  return code === TOO_SLOW ? 'slow-request' : undefined;
}

/** What could not be read as a request gets the same shape of answer as every other mistake. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = statusOf(error);
  const body = JSON.stringify({ error: message });
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
  // A caller who does not close his side either has had his answer.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

function statusOf({ code, message }: NodeJS.ErrnoException): [status: string, message: string] {
  switch (code) {
    case TOO_LARGE:
      return ['431 Request Header Fields Too Large', 'the headers are larger than is allowed'];
    case TOO_SLOW:
      return ['408 Request Timeout', 'the request was not whole in time'];
    default:
      return ['400 Bad Request', `the request is not HTTP/1.1: ${message}`];
  }
}
