import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ArrivingBody } from './arriving-body.ts';
import type { BodyBuffers } from './body-buffers.ts';
import type { KnownRequest } from './known-request.ts';
import { type PlainHead, plainHead } from './plain-head.ts';
import type { Reply } from './reply.ts';

/** What may be kept of a connection's requests, to read the next one faster. */
export interface ConnectionMemory {
  known: KnownRequest | undefined;
}

export interface PlainRequest {
  readonly head: PlainHead;
  /** What is not all here is to be asked for before `answer` returns, or it is thrown away as it comes. */
  readonly body: Buffer | ArrivingBody;
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
  /** How long a request may take to arrive. */
  readonly requestMs: number;
  readonly buffers: BodyBuffers;
  /** The first request has not come within its time, or one that has begun not to its end: tells its caller. */
  unreadable(why: 'too slow' | 'cut short'): void;
  /** An answer has gone out that its reader has not taken in full; `taken` says when it has. */
  lingering(): { taken(): void };
  /** Around every request that is served here. */
  began(): void;
  ended(): void;
}

/**
 * Serves a connection as long as each of its requests is plain and the last answer has gone: without the general reader
 * of HTTP, which costs a small model more than the model does, and a large body several copies. The first request
 * that is not hands the connection over, for good, as if nothing had been read of it.
 *
 *   bytes --plain, alone--> body, if not all here --> answer --> bytes ...
 *     `---anything else--> handed over
 */
export function servePlainly(socket: Socket, deps: LaneDeps): void {
  new PlainConnection(socket, deps).serve();
}

class PlainConnection {
  readonly #socket: Socket;
  readonly #deps: LaneDeps;
  readonly #memory: ConnectionMemory = { known: undefined };
  #head: PlainHead | undefined;
  /** The body that is not whole yet; its request may have been answered nevertheless, with why it is refused. */
  #arriving: ArrivingBody | undefined;
  #untilWhole: NodeJS.Timeout | undefined;
  /** A request is being served. */
  #busy = false;
  /** What arrived meanwhile. */
  #early: Buffer | undefined;

  constructor(socket: Socket, deps: LaneDeps) {
    this.#socket = socket;
    this.#deps = deps;
  }

  serve(): void {
    const socket = this.#socket.setTimeout(this.#deps.firstMs);
    socket.on('data', this.#read).on('end', this.#end).on('timeout', this.#silent);
    socket.on('error', ignore).on('close', this.#closed);
  }

  #leave(bytes: Buffer): void {
    const socket = this.#socket.pause().setTimeout(0);
    socket.off('data', this.#read).off('end', this.#end).off('timeout', this.#silent);
    socket.off('error', ignore).off('close', this.#closed);
    socket.unshift(bytes);
    this.#deps.handOver(socket);
    socket.resume();
  }

  readonly #read = (bytes: Buffer): void => {
    const further = this.#arriving === undefined ? bytes : bytes.subarray(this.#add(this.#arriving, bytes));
    if (further.length === 0) return;
    if (!this.#busy) {
      this.#begin(further);
      return;
    }
    this.#early = this.#early === undefined ? further : Buffer.concat([this.#early, further]);
    this.#socket.pause();
  };

  #begin(bytes: Buffer): void {
    const { closing, idleMs, began, answer } = this.#deps;
    // An answer that its caller has not taken yet: who waits for what is the other reader's business.
    const head = closing() || this.#socket.writableLength > 0 ? undefined : plainHead(bytes, this.#head);
    if (head === undefined || bytes.length > head.bytes.length + head.bodyBytes) {
      this.#leave(bytes);
      return;
    }
    if (this.#head === undefined) this.#socket.setTimeout(idleMs);
    this.#head = head;
    this.#busy = true;
    began();
    const here = bytes.subarray(head.bytes.length);
    const body = here.length === head.bodyBytes ? here : this.#arrivingBody(head.bodyBytes);
    void answer({ head, body, memory: this.#memory }).then(this.#write);
    // Whoever takes it has said so by now.
    if (this.#arriving !== undefined) this.#add(this.#arriving, here);
  }

  #arrivingBody(length: number): ArrivingBody {
    this.#untilWhole = setTimeout(this.#tooSlow, this.#deps.requestMs);
    this.#arriving = new ArrivingBody(length, this.#deps.buffers);
    return this.#arriving;
  }

  #add(body: ArrivingBody, bytes: Buffer): number {
    const taken = body.add(bytes);
    if (body.isWhole) {
      clearTimeout(this.#untilWhole);
      this.#arriving = undefined;
    }
    return taken;
  }

  readonly #write = (reply: Reply): void => {
    if (this.#socket.writable) this.#send(bytesOf(reply));
    this.#busy = false;
    this.#deps.ended();
    if (this.#early === undefined || this.#socket.destroyed) return;
    const bytes = this.#early;
    this.#early = undefined;
    this.#leave(bytes);
  };

  #send(bytes: Buffer): void {
    const socket = this.#socket;
    socket.write(bytes);
    if (socket.writableLength === 0) return;
    const { taken } = this.#deps.lingering();
    // Behind the answer nothing is sent, but its turn comes when the answer has gone.
    socket.write('', taken);
  }

  readonly #end = (): void => {
    if (this.#arriving === undefined) this.#socket.end();
    else this.#giveUp('cut short');
  };

  readonly #silent = (): void => {
    if (this.#busy || this.#arriving !== undefined) return;
    if (this.#head === undefined) this.#deps.unreadable('too slow');
    else this.#socket.destroy();
  };

  readonly #tooSlow = (): void => this.#giveUp('too slow');

  /** The rest of a body is not waited for any more. */
  #giveUp(why: 'too slow' | 'cut short'): void {
    clearTimeout(this.#untilWhole);
    this.#socket.off('data', this.#read).resume();
    this.#deps.unreadable(why);
  }

  readonly #closed = (): void => {
    clearTimeout(this.#untilWhole);
    this.#arriving?.cutShort();
  };
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
