import type { SocketSource } from './byte-stream.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';
import { type ConnectionOwner, Http1Connection } from './http1-connection.ts';
import { HeadMemo } from './http1-head-memo.ts';
import { type Http1Request, http1Request } from './http1-request.ts';
import { Opening } from './opening.ts';
import { SlotQueue } from './slot-queue.ts';
import { NOBODY, type Sink, type Template, type Transport } from './transport.ts';

export interface Http1Options {
  /** See `endpointOf`. */
  readonly url: string;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most this many connections. */
  readonly connections: number;
  /** Left out: yes. No: a connection for each request, whose opening is part of the request. */
  readonly keepAlive?: boolean;
  /**
   * From the first byte sent to the last byte answered. Waiting for a connection may take as long again, and opening
   * one as long up to 5 s.
   */
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly sockets: SocketSource;
  readonly sink: Sink;
}

/**
 * HTTP/1.1: keep-alive connections, opened on demand, one request at a time on each. Timeouts are found
 * by a sweep over the connections, a twentieth of the timeout late at most, instead of by a timer a request.
 */
export class Http1Transport implements Transport, ConnectionOwner {
  sink: Sink;
  readonly now: () => number;
  readonly heads = new HeadMemo();
  readonly #options: Http1Options;
  readonly #endpoint: Endpoint;
  readonly #keepAlive: boolean;
  readonly #connections = new Set<Http1Connection>();
  /** The most recently used on top, so that no more connections are kept busy than the load needs. */
  readonly #idle: Http1Connection[] = [];
  readonly #waiting = new SlotQueue();
  readonly #requestOf: Http1Request[] = [];
  readonly #indexOf: number[] = [];
  /** Since when each slot waits for a connection. */
  readonly #sinceMsOf: number[] = [];
  readonly #opening: Opening;
  readonly #sweep: NodeJS.Timeout;

  constructor(options: Http1Options) {
    this.#options = options;
    this.sink = options.sink;
    this.now = options.now;
    this.#keepAlive = options.keepAlive !== false;
    this.#endpoint = endpointOf(options.url);
    this.#opening = new Opening({ ...options, address: this.#endpoint.address });
    const sweepMs = Math.min(50, Math.max(2, options.timeoutMs / 20));
    this.#sweep = setInterval(() => this.#tick(), sweepMs);
  }

  get connectStatistics(): { opened: number; connectMeanMs: number | undefined } {
    return this.#opening.statistics;
  }

  prepare(template: Template): Http1Request {
    const { headers } = this.#options;
    const closing = this.#keepAlive ? headers : { ...headers, Connection: 'close' };
    return http1Request(template, this.#endpoint.authority, closing);
  }

  async connect(connections: number): Promise<void> {
    await this.#opening.ahead(this.#keepAlive ? connections : 0, () => this.#openMore());
  }

  send(request: Http1Request, slot: number, index: number): void {
    const connection = this.#waiting.size === 0 ? this.#idle.pop() : undefined;
    if (connection !== undefined) {
      connection.send(request, slot, index);
      return;
    }
    this.#requestOf[slot] = request;
    this.#indexOf[slot] = index;
    this.#sinceMsOf[slot] = this.now();
    this.#waiting.push(slot);
    this.#openMore();
  }

  close(): void {
    this.sink = NOBODY;
    clearInterval(this.#sweep);
    for (const connection of this.#connections) connection.drop();
    this.#connections.clear();
    this.#idle.length = 0;
    this.#opening.endAhead();
  }

  opened(connection: Http1Connection, tookMs: number): void {
    this.#opening.opened(tookMs);
    this.#opening.welcome();
    if (this.#keepAlive) this.freed(connection);
    this.#openMore();
  }

  freed(connection: Http1Connection): void {
    const slot = this.#waiting.shift();
    const request = slot < 0 ? undefined : this.#requestOf[slot];
    if (request === undefined) this.#idle.push(connection);
    else connection.send(request, slot, this.#indexOf[slot] ?? 0);
  }

  gone(connection: Http1Connection, wasOpen: boolean): void {
    this.#connections.delete(connection);
    if (wasOpen) {
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
    } else this.#failedToConnect();
    this.#openMore();
  }

  #failedToConnect(): void {
    this.#opening.failed();
    // The one request that it was opened for tells.
    if (!this.#keepAlive) return;
    this.#opening.endAhead();
    this.#opening.putOff();
    // While a connection lives, those that wait may still have it: the server only limits how many there are.
    if (this.#connections.size > this.#opening.connecting) return;
    for (let left = this.#waiting.size; left > 0; left--) {
      this.sink.end(this.#waiting.shift(), 'connect-error', this.now());
    }
  }

  #openMore(): void {
    while (this.#opening.mayOpen(this.#wanted(), this.#connections.size)) {
      this.#opening.begun();
      const connection = new Http1Connection(this, this.#options.sockets, this.#opening.address);
      this.#connections.add(connection);
      if (!this.#keepAlive) this.#assign(connection);
    }
  }

  /** How many connections should be on their way. */
  #wanted(): number {
    return this.#keepAlive
      ? Math.max(this.#waiting.size, this.#opening.stillAhead)
      : this.#opening.connecting + this.#waiting.size;
  }

  #assign(connection: Http1Connection): void {
    const slot = this.#waiting.shift();
    const request = this.#requestOf[slot];
    if (request !== undefined) connection.sendOnceOpen(request, slot, this.#indexOf[slot] ?? 0);
  }

  /** Those that have waited longest come first. */
  #expireWaiting(nowMs: number): void {
    while (this.#waiting.size > 0) {
      if (nowMs - (this.#sinceMsOf[this.#waiting.first] ?? nowMs) < this.#options.timeoutMs) return;
      this.sink.end(this.#waiting.shift(), 'timeout', nowMs);
    }
  }

  #tick(): void {
    const nowMs = this.now();
    for (const connection of this.#connections) {
      connection.expire(nowMs, this.#options.timeoutMs, this.#opening.connectTimeoutMs);
    }
    this.#expireWaiting(nowMs);
    this.#openMore();
  }
}
