import type { SocketSource } from './byte-stream.ts';
import { endpointOf } from './endpoint.ts';
import { GrpcConnection, type GrpcOwner } from './grpc-connection.ts';
import { type GrpcHeaders, type GrpcRequest, grpcRequest } from './grpc-request.ts';
import { decodeGrpcMessage } from './grpc-status.ts';
import { NOT_SENT } from './grpc-stream.ts';
import { HeaderDecoder } from './hpack-decoder.ts';
import { Opening } from './opening.ts';
import {
  GRPC_OUTCOMES,
  NOBODY,
  type Sink,
  type Template,
  type Transport,
  type TransportOutcome,
} from './transport.ts';
import { WaitingCalls } from './waiting-calls.ts';

export interface GrpcOptions {
  /** See `endpointOf`. */
  readonly url: string;
  /** Metadata of every call. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most this many connections. */
  readonly connections: number;
  /**
   * From the first byte sent to the status; the server is told. Waiting for a stream may take as long again, and opening
   * a connection as long up to 5 s.
   */
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly sockets: SocketSource;
  readonly sink: Sink;
}

/** What servers allow on a connection, as far as they limit it. */
const USUAL_STREAMS = 100;
/** A call that the server did not look at is sent again so often at most. */
const ATTEMPTS = 3;

/**
 * gRPC over HTTP/2 of our own: many calls on each connection, as many as the server allows. A call goes where the fewest
 * are in flight; when no connection takes it, it waits in order of arrival, and another connection is opened as long as
 * that is allowed. What an event or a wake-up brings about leaves in one write for each connection. Timeouts are found
 * by a sweep over the calls, a twentieth of the timeout late at most, instead of by a timer a call.
 */
export class GrpcTransport implements Transport, GrpcOwner {
  sink: Sink;
  readonly now: () => number;
  readonly timeoutMs: number;
  readonly decoder = new HeaderDecoder();
  readonly #options: GrpcOptions;
  readonly #headers: GrpcHeaders;
  readonly #connections = new Set<GrpcConnection>();
  readonly #open: GrpcConnection[] = [];
  readonly #dirty: GrpcConnection[] = [];
  readonly #waiting = new WaitingCalls();
  /** By slot. */
  readonly #attemptsOf: number[] = [];
  readonly #remarks = new Map<number, string>();
  readonly #opening: Opening;
  readonly #sweep: NodeJS.Timeout;
  readonly #flush = (): void => this.flush();
  #flushPlanned = false;
  #turn = 0;

  constructor(options: GrpcOptions) {
    const { address, authority, secure } = endpointOf(options.url);
    this.#options = options;
    this.sink = options.sink;
    this.now = options.now;
    this.timeoutMs = options.timeoutMs;
    this.#headers = {
      scheme: secure ? 'https' : 'http',
      authority,
      metadata: options.headers,
      timeoutMs: options.timeoutMs,
    };
    this.#opening = new Opening({ ...options, address });
    const sweepMs = Math.min(50, Math.max(2, options.timeoutMs / 20));
    this.#sweep = setInterval(() => this.#tick(), sweepMs);
  }

  get connectStatistics(): { opened: number; connectMeanMs: number | undefined } {
    return this.#opening.statistics;
  }

  get remarks(): readonly string[] {
    return [...this.#remarks].map(([status, message]) => `${GRPC_OUTCOMES[status]}: ${message}`);
  }

  prepare(template: Template): GrpcRequest {
    return grpcRequest(template, this.#headers);
  }

  async connect(connections: number): Promise<void> {
    await this.#opening.ahead(connections, () => this.#openMore());
  }

  send(request: GrpcRequest, slot: number, index: number): void {
    this.#attemptsOf[slot] = 1;
    const connection = this.#waiting.size === 0 ? this.#pick(request) : undefined;
    if (connection !== undefined) {
      this.#sendOn(connection, request, slot, index, NOT_SENT);
      return;
    }
    this.#waiting.push(request, slot, index, this.now());
    this.#openMore();
  }

  close(): void {
    this.sink = NOBODY;
    clearInterval(this.#sweep);
    for (const connection of this.#connections) connection.drop();
    this.#connections.clear();
    this.#open.length = 0;
    this.#opening.endAhead();
  }

  opened(connection: GrpcConnection, tookMs: number): void {
    this.#open.push(connection);
    this.#opening.opened(tookMs);
    this.#serveWaiting();
    this.#openMore();
  }

  changed(): void {
    if (this.#waiting.size > 0) this.#serveWaiting();
  }

  gone(connection: GrpcConnection, wasOpen: boolean, outcome: TransportOutcome): void {
    this.#connections.delete(connection);
    if (wasOpen) this.#open.splice(this.#open.indexOf(connection), 1);
    // One that closes before it was of any use is not opened again at once.
    if (connection.wasUsed) this.#opening.welcome();
    else this.#opening.putOff();
    if (!wasOpen) this.#failedToConnect(outcome);
    this.#openMore();
  }

  again(request: GrpcRequest, slot: number, index: number, sentAtMs: number): void {
    const attempts = (this.#attemptsOf[slot] ?? 1) + 1;
    this.#attemptsOf[slot] = attempts;
    if (attempts > ATTEMPTS) {
      this.sink.end(slot, 'reset', this.now());
      return;
    }
    this.#waiting.pushReturned(request, slot, index, sentAtMs, this.now());
    this.#openMore();
    this.#serveWaiting();
  }

  remark(status: number, message: string): void {
    if (message !== '' && !this.#remarks.has(status)) this.#remarks.set(status, decodeGrpcMessage(message));
  }

  flush(): void {
    this.#flushPlanned = false;
    // Writing may bring about more to write.
    for (let connection = this.#dirty.pop(); connection !== undefined; connection = this.#dirty.pop()) {
      connection.isDirty = false;
      connection.flush();
    }
  }

  #sendOn(
    connection: GrpcConnection,
    request: GrpcRequest,
    slot: number,
    index: number,
    sentAtMs: number,
  ): void {
    connection.send(request, slot, index, sentAtMs);
    if (connection.isDirty) return;
    connection.isDirty = true;
    this.#dirty.push(connection);
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    this.#options.sockets.beforeWait(this.#flush);
  }

  /** Where the fewest calls are in flight; of equals, each in its turn. */
  #pick(request: GrpcRequest): GrpcConnection | undefined {
    const count = this.#open.length;
    let best: GrpcConnection | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    this.#turn = this.#turn + 1 < count ? this.#turn + 1 : 0;
    for (let step = 0; step < count && fewest > 0; step++) {
      const at = this.#turn + step;
      const connection = this.#open[at < count ? at : at - count];
      if (connection === undefined || connection.inFlight >= fewest || !connection.accepts(request)) continue;
      best = connection;
      fewest = connection.inFlight;
    }
    return best;
  }

  #serveWaiting(): void {
    while (this.#waiting.size > 0) {
      const { request } = this.#waiting;
      const connection = request === undefined ? undefined : this.#pick(request);
      if (request === undefined || connection === undefined) return;
      const slot = this.#waiting.shift();
      const sentAtMs = this.#waiting.sentAtMsOf(slot);
      this.#sendOn(connection, request, slot, this.#waiting.indexOf(slot), sentAtMs);
    }
  }

  #failedToConnect(outcome: TransportOutcome): void {
    this.#opening.failed();
    this.#opening.endAhead();
    // While a connection lives, those that wait may still have it.
    if (this.#connections.size > this.#opening.connecting) return;
    const ending = outcome === 'malformed' ? 'malformed' : 'connect-error';
    for (let left = this.#waiting.size; left > 0; left--) {
      this.sink.end(this.#waiting.shift(), ending, this.now());
    }
  }

  #openMore(): void {
    const wanted = Math.max(Math.ceil(this.#waiting.size / USUAL_STREAMS), this.#opening.stillAhead);
    while (this.#opening.mayOpen(wanted, this.#connections.size)) {
      this.#opening.begun();
      this.#connections.add(new GrpcConnection(this, this.#options.sockets, this.#opening.address));
    }
  }

  #expireWaiting(nowMs: number): void {
    for (;;) {
      const slot = this.#waiting.shiftExpired(nowMs, this.timeoutMs);
      if (slot < 0) return;
      this.sink.end(slot, 'timeout', nowMs);
    }
  }

  #tick(): void {
    const nowMs = this.now();
    for (const connection of this.#connections) {
      connection.expire(nowMs, this.#opening.connectTimeoutMs);
      connection.flush();
    }
    this.#expireWaiting(nowMs);
    this.#openMore();
    this.flush();
  }
}
