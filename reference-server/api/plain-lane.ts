import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { KnownRequest } from './known-request.ts';
import { type PlainHead, plainHead } from './plain-head.ts';
import type { Reply } from './reply.ts';

/** What may be kept of a connection's requests, to read the next one faster. */
export interface ConnectionMemory {
  known: KnownRequest | undefined;
}

export interface PlainRequest {
  readonly head: PlainHead;
  readonly body: Buffer;
  readonly memory: ConnectionMemory;
}

/** Whom a request is from. */
export interface PlainCaller {
  /** Aborted when the connection closes. */
  readonly gone: AbortSignal;
  address(): string;
}

export interface LaneDeps {
  /** Never rejects. */
  answer(request: PlainRequest): Promise<Reply>;
  /** Takes over a connection with everything that was read of it and not answered, in its readable side. */
  handOver(socket: Socket): void;
  /** Whether connections should be handed over rather than served here. */
  closing(): boolean;
  /** How long a connection may be silent before its first request, and between two. */
  readonly firstMs: number;
  readonly idleMs: number;
  /** The first request has not come within its time. */
  silent(): void;
  /** An answer has gone out that its reader has not taken in full; `taken` says when it has. */
  lingering(): { taken(): void };
  /** Around every request that is served here. */
  began(): void;
  ended(): void;
}

/**
 * Serves a connection as long as each of its requests is plain, whole in one read, and the last answer has gone: without
 * the general reader of HTTP, which costs a small model more than the model does. The first request that is not
 * hands the connection over, for good, as if nothing had been read of it.
 *
 *   bytes --plain, whole, alone--> answer --> bytes ...
 *     `---anything else--> handed over
 */
export function servePlainly(socket: Socket, deps: LaneDeps): void {
  let head: PlainHead | undefined;
  const memory: ConnectionMemory = { known: undefined };
  let busy = false;
  /** What arrived while a request was being served. */
  let early: Buffer | undefined;

  const leave = (bytes: Buffer): void => {
    socket.pause().setTimeout(0);
    socket.off('data', read).off('end', end).off('timeout', tooLong).off('error', ignore);
    socket.unshift(bytes);
    deps.handOver(socket);
    socket.resume();
  };
  const read = (bytes: Buffer): void => {
    if (busy) {
      early = early === undefined ? bytes : Buffer.concat([early, bytes]);
      socket.pause();
      return;
    }
    // An answer that its caller has not taken yet: who waits for what is the other reader's business.
    const served = deps.closing() || socket.writableLength > 0 ? undefined : plainHead(bytes, head);
    if (served === undefined || bytes.length !== served.bytes.length + served.bodyBytes) {
      leave(bytes);
      return;
    }
    if (head === undefined) socket.setTimeout(deps.idleMs);
    head = served;
    busy = true;
    deps.began();
    void deps.answer({ head, body: bytes.subarray(head.bytes.length), memory }).then(write);
  };
  const send = (bytes: Buffer): void => {
    socket.write(bytes);
    if (socket.writableLength === 0) return;
    const { taken } = deps.lingering();
    // Behind the answer nothing is sent, but its turn comes when the answer has gone.
    socket.write('', taken);
  };
  const write = (reply: Reply): void => {
    if (socket.writable) send(bytesOf(reply));
    busy = false;
    deps.ended();
    if (early === undefined || socket.destroyed) return;
    const bytes = early;
    early = undefined;
    leave(bytes);
  };
  const end = (): void => {
    socket.end();
  };
  const tooLong = (): void => {
    if (busy) return;
    if (head === undefined) deps.silent();
    else socket.destroy();
  };
  socket.setTimeout(deps.firstMs);
  socket.on('data', read).on('end', end).on('timeout', tooLong).on('error', ignore);
}

/** A broken connection closes, and its closing is heard elsewhere. */
function ignore(): void {}

function bytesOf({ status, contentType, headers = [], body }: Reply): Buffer {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.byteLength}\r\n`;
  for (let at = 0; at + 1 < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`;
  head += `Date: ${date()}\r\n\r\n`;
  const bytes = Buffer.allocUnsafe(head.length + body.byteLength);
  bytes.write(head, 'latin1');
  bytes.set(body, head.length);
  return bytes;
}

let dateOfSecond = 0;
let dateText = '';

/** As of this second: a text a second, not one an answer. */
function date(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateOfSecond) {
    dateOfSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}
