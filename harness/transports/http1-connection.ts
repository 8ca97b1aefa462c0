import { connect, type Socket } from 'node:net';
import { type ResponseEvents, ResponseParser } from './http1-parser.ts';
import type { Http1Request } from './http1-request.ts';
import type { Sink, TransportOutcome } from './transport.ts';

/** What a connection tells the pool that owns it. */
export interface ConnectionOwner {
  readonly sink: Sink;
  now(): number;
  opened(connection: Http1Connection, tookMs: number): void;
  /** The request has ended and the connection may carry another. Called before the sink's `end`. */
  freed(connection: Http1Connection): void;
  /** Nothing more will come of it. Called before the sink's `end`. */
  gone(connection: Http1Connection, wasOpen: boolean): void;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

const NO_SLOT = -1;

/** One socket carrying one request at a time. Its buffer for the stamped bytes is rewritten only between requests. */
export class Http1Connection implements ResponseEvents {
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #parser: ResponseParser;
  readonly #startedMs: number;
  #open = false;
  #closed = false;
  #slot = NO_SLOT;
  #sentAtMs = 0;
  #readAtMs = 0;
  #loaded: Http1Request | undefined;
  #start: Buffer = Buffer.alloc(0);

  /** `readBuffer` is shared by all connections of a thread: bytes are consumed before the next read. */
  constructor(owner: ConnectionOwner, address: Address, readBuffer: Buffer) {
    this.#owner = owner;
    this.#parser = new ResponseParser(this);
    this.#startedMs = owner.now();
    this.#socket = connect({
      ...address,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (bytes) => this.#read(readBuffer, bytes) },
    });
    this.#socket.on('connect', () => this.#connected());
    this.#socket.on('end', () => this.#broken(true));
    this.#socket.on('error', () => this.#broken(false));
    this.#socket.on('close', () => this.#broken(false));
  }

  send(request: Http1Request, slot: number, index: number): void {
    if (this.#loaded !== request) this.#load(request);
    request.template.stamp(this.#start, request.bodyAt, index);
    this.#parser.expect();
    this.#slot = slot;
    this.#sentAtMs = this.#owner.now();
    this.#owner.sink.sent(slot, this.#sentAtMs);
    if (request.rest === undefined) {
      this.#socket.write(this.#start);
      return;
    }
    this.#socket.cork();
    this.#socket.write(this.#start);
    this.#socket.write(request.rest);
    this.#socket.uncork();
  }

  /** Ends the request, or the attempt to connect, that has lasted too long. */
  expire(nowMs: number, timeoutMs: number, connectTimeoutMs: number): void {
    const late = this.#open
      ? this.#slot !== NO_SLOT && nowMs - this.#sentAtMs >= timeoutMs
      : nowMs - this.#startedMs >= connectTimeoutMs;
    if (late) this.#fail('timeout');
  }

  /** Without a word to anyone. */
  drop(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  onHead(status: number): void {
    this.#owner.sink.head(this.#slot, status, this.#readAtMs);
  }

  onBody(buffer: Buffer, from: number, to: number): void {
    this.#owner.sink.data(this.#slot, buffer, from, to, this.#readAtMs);
  }

  onEnd(reusable: boolean): void {
    // An answer before the request was wholly written: its bytes are still queued, so the buffer is not ours to rewrite.
    if (!reusable || this.#socket.writableLength > 0) {
      this.#fail('complete');
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

  #connected(): void {
    if (this.#closed) return;
    this.#open = true;
    this.#owner.opened(this, this.#owner.now() - this.#startedMs);
  }

  #read(buffer: Buffer, bytes: number): boolean {
    if (this.#closed) return false;
    this.#readAtMs = this.#owner.now();
    if (!this.#parser.read(buffer, 0, bytes)) this.#fail('malformed');
    return !this.#closed;
  }

  /**
   * Only where it broke decides, not how: a reset that is read together with the bytes before it looks like an orderly
   * close to libuv. Just an answer without a length needs the orderly close to be complete.
   */
  #broken(orderly: boolean): void {
    const answer = this.#parser.close();
    if (answer === 'nothing') this.#fail('reset');
    else this.#fail(orderly ? answer : 'truncated');
  }

  /** Closes the connection and ends what it carried, once. */
  #fail(outcome: TransportOutcome): void {
    if (this.#closed) return;
    this.#closed = true;
    const slot = this.#slot;
    this.#slot = NO_SLOT;
    this.#socket.destroy();
    this.#owner.gone(this, this.#open);
    if (slot !== NO_SLOT) this.#owner.sink.end(slot, outcome, this.#owner.now());
  }
}
