import type { Address, ByteStream, ByteStreamEvents, SocketSource } from './byte-stream.ts';
import type { HeadMemo } from './http1-head-memo.ts';
import { RESPONSE_LIMITS, type ResponseEvents, ResponseParser } from './http1-parser.ts';
import type { Http1Request } from './http1-request.ts';
import type { Sink, TransportOutcome } from './transport.ts';

/** What a connection tells the pool that owns it. */
export interface ConnectionOwner {
  readonly sink: Sink;
  /** The head that the server sent last. */
  readonly heads: HeadMemo;
  now(): number;
  opened(connection: Http1Connection, tookMs: number): void;
  /** The request has ended and the connection may carry another. Called before the sink's `end`. */
  freed(connection: Http1Connection): void;
  /** Nothing more will come of it. Called before the sink's `end`. */
  gone(connection: Http1Connection, wasOpen: boolean): void;
}

const NO_SLOT = -1;
const NOTHING = Buffer.alloc(0);

/** One socket carrying one request at a time. Its buffer for the stamped bytes is rewritten only between requests. */
export class Http1Connection implements ResponseEvents, ByteStreamEvents {
  readonly #owner: ConnectionOwner;
  readonly #socket: ByteStream;
  readonly #parser: ResponseParser;
  readonly #startedMs: number;
  #open = false;
  #closed = false;
  #slot = NO_SLOT;
  #sentAtMs = 0;
  #readAtMs = 0;
  #loaded: Http1Request | undefined;
  #start: Buffer = NOTHING;
  /** What the connection was opened for, and nothing else. */
  #first: Http1Request | undefined;
  /** True while bytes of the request wait to be taken: the buffers are not ours to rewrite. */
  #unwritten = false;
  /** Shared part of a large body that has not been handed over yet. */
  #rest: Buffer | undefined;

  constructor(owner: ConnectionOwner, sockets: SocketSource, address: Address) {
    this.#owner = owner;
    this.#parser = new ResponseParser(this, RESPONSE_LIMITS, owner.heads);
    this.#startedMs = owner.now();
    this.#socket = sockets.open(address, this);
  }

  /** On an open connection. */
  send(request: Http1Request, slot: number, index: number): void {
    this.#take(request, slot, index);
    this.#write(request);
  }

  /** The connection is for this request alone: its opening belongs to the request. */
  sendOnceOpen(request: Http1Request, slot: number, index: number): void {
    this.#take(request, slot, index);
    this.#first = request;
  }

  #take(request: Http1Request, slot: number, index: number): void {
    if (this.#loaded !== request) this.#load(request);
    request.template.stamp(this.#start, request.bodyAt, index);
    this.#slot = slot;
    this.#sentAtMs = this.#owner.now();
    this.#owner.sink.sent(slot, this.#sentAtMs);
  }

  #write(request: Http1Request): void {
    if (this.#closed) return;
    this.#parser.expect();
    this.#rest = request.rest;
    const taken = this.#socket.write(this.#start, 0, this.#start.length, this.#rest !== undefined);
    this.#unwritten = !taken;
    if (taken && this.#rest !== undefined) this.#writeRest(this.#rest);
  }

  /** Ends the request, or the attempt to connect, that has lasted too long. */
  expire(nowMs: number, timeoutMs: number, connectTimeoutMs: number): void {
    const isLate = this.#slot !== NO_SLOT && nowMs - this.#sentAtMs >= timeoutMs;
    const neverOpens = !this.#open && nowMs - this.#startedMs >= connectTimeoutMs;
    if (isLate) this.#fail('timeout');
    else if (neverOpens) this.#fail('connect-error');
  }

  /** Without a word to anyone. */
  drop(): void {
    this.#closed = true;
    this.#socket.close();
  }

  connected(): void {
    this.#open = true;
    this.#owner.opened(this, this.#owner.now() - this.#startedMs);
    if (this.#first !== undefined) this.#write(this.#first);
  }

  read(buffer: Buffer, from: number, to: number, atMs: number): void {
    if (this.#closed) return;
    this.#readAtMs = atMs;
    if (!this.#parser.read(buffer, from, to)) this.#fail('malformed');
  }

  drained(): void {
    this.#unwritten = false;
    if (this.#rest !== undefined) this.#writeRest(this.#rest);
  }

  /**
   * Only where it broke decides, not how: a reset that is read together with the bytes before it looks like an orderly
   * close to libuv. Just an answer without a length needs the orderly close to be complete.
   */
  closed(how: 'orderly' | 'broken'): void {
    const answer = this.#parser.close();
    if (!this.#open) this.#fail('connect-error');
    else if (answer === 'nothing') this.#fail('reset');
    else this.#fail(how === 'orderly' ? answer : 'truncated');
  }

  onHead(status: number): void {
    this.#owner.sink.head(this.#slot, status, this.#readAtMs);
  }

  onBody(buffer: Buffer, from: number, to: number): void {
    if (this.#loaded?.template.ignoresAnswer === true) return;
    this.#owner.sink.data(this.#slot, buffer, from, to, this.#readAtMs);
  }

  onEnd(reusable: boolean): void {
    // An answer before the request was wholly written: it cannot be taken back, so nothing else can be sent.
    if (!reusable || this.#unwritten || this.#first !== undefined) {
      this.#fail('complete', this.#readAtMs);
      return;
    }
    const slot = this.#slot;
    this.#slot = NO_SLOT;
    this.#owner.freed(this);
    this.#owner.sink.end(slot, 'complete', this.#readAtMs);
  }

  #load(request: Http1Request): void {
    if (this.#start.length !== request.start.length) this.#start = Buffer.allocUnsafe(request.start.length);
    request.start.copy(this.#start);
    this.#loaded = request;
  }

  #writeRest(rest: Buffer): void {
    this.#rest = undefined;
    this.#unwritten = !this.#socket.write(rest, 0, rest.length);
  }

  /** Closes the connection and ends what it carried, once. */
  #fail(outcome: TransportOutcome, atMs: number = this.#owner.now()): void {
    if (this.#closed) return;
    this.#closed = true;
    const slot = this.#slot;
    this.#slot = NO_SLOT;
    this.#socket.close();
    this.#owner.gone(this, this.#open);
    if (slot !== NO_SLOT) this.#owner.sink.end(slot, outcome, atMs);
  }
}
