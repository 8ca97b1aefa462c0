import type { GrpcRequest } from './grpc-request.ts';
import { PREFIX_BYTES } from './grpc-request.ts';
import { OK } from './grpc-status.ts';
import { type GrpcStream, NOT_SENT } from './grpc-stream.ts';
import type { Http2Connection } from './http2-connection.ts';
import type { StreamFailure } from './http2-events.ts';
import { CANCEL } from './http2-frames.ts';
import { StreamTable } from './stream-table.ts';
import type { Sink, TransportOutcome } from './transport.ts';

/** What calls need of the pool. */
export interface BidirectionalOwner {
  readonly sink: Sink;
  readonly timeoutMs: number;
  now(): number;
  /** The server has not looked at this call, so it may be sent once more; it was first sent at `sentAtMs`. */
  again(request: GrpcRequest, slot: number, index: number, sentAtMs: number): void;
}

/** A request that is on its way on the shared stream. Pooled. */
class Asked {
  /** The request's index, by which answers name it. */
  id = 0;
  position = 0;
  slot = -1;
  request: GrpcRequest | undefined;
  /** On whichever connection. */
  sentAtMs = NOT_SENT;
  /** On this one. */
  departed = false;
  answered = false;
}

/** Such an answer belongs to a request that has timed out, or to nobody. */
const NONE = -1;
const FIRST_MESSAGE_BYTES = 4096;

/**
 * The requests of a connection that share one stream: each is a message, and its answers say which request they answer.
 * An answer is handed over when it is whole, because only then it is known whose it is.
 */
export class BidirectionalCalls {
  readonly #owner: BidirectionalOwner;
  readonly #http2: Http2Connection<GrpcStream>;
  #asked = new StreamTable<Asked>();
  readonly #pool: Asked[] = [];
  readonly #leaving: Asked[] = [];
  #stream: GrpcStream | undefined;
  #streamId = 0;
  /** The present answer, unless it lies whole in one piece. */
  #gathered: Buffer = Buffer.allocUnsafe(FIRST_MESSAGE_BYTES);
  #gatheredBytes = 0;
  #message: Buffer = this.#gathered;
  #from = 0;
  #to = 0;

  constructor(owner: BidirectionalOwner, http2: Http2Connection<GrpcStream>) {
    this.#owner = owner;
    this.#http2 = http2;
  }

  get inFlight(): number {
    return this.#asked.size;
  }

  /** There is a stream that takes messages. */
  get isLive(): boolean {
    return this.#stream?.id === this.#streamId && this.#streamId !== 0 && !this.#http2.draining;
  }

  send(request: GrpcRequest, slot: number, index: number, sentAtMs: number): void {
    if (!this.isLive) this.#open(request);
    const stream = this.#stream;
    if (stream === undefined) return;
    const asked = this.#pool.pop() ?? new Asked();
    asked.id = index;
    asked.slot = slot;
    asked.request = request;
    asked.sentAtMs = sentAtMs;
    asked.departed = false;
    asked.answered = false;
    this.#asked.add(asked);
    this.#leaving.push(asked);
    request.template.stamp(this.#http2.send(stream, request.own, request.shared, false), PREFIX_BYTES, index);
  }

  /** What has been sent goes out now. */
  depart(): void {
    if (this.#leaving.length === 0) return;
    const nowMs = this.#owner.now();
    for (const asked of this.#leaving) {
      if (asked.slot < 0 || asked.departed) continue;
      asked.departed = true;
      if (asked.sentAtMs !== NOT_SENT) continue;
      asked.sentAtMs = nowMs;
      this.#owner.sink.sent(asked.slot, nowMs);
    }
    this.#leaving.length = 0;
  }

  /** A piece of the present answer, of which `stream.messageLeft` bytes are still to come, these included. */
  bytes(stream: GrpcStream, buffer: Buffer, from: number, to: number): void {
    const pieceBytes = to - from;
    if (this.#gatheredBytes === 0 && pieceBytes === stream.messageLeft) {
      this.#message = buffer;
      this.#from = from;
      this.#to = to;
      return;
    }
    const needed = this.#gatheredBytes + stream.messageLeft;
    if (this.#gathered.length < needed) {
      const larger = Buffer.allocUnsafe(needed);
      this.#gathered.copy(larger, 0, 0, this.#gatheredBytes);
      this.#gathered = larger;
    }
    this.#gatheredBytes += buffer.copy(this.#gathered, this.#gatheredBytes, from, to);
    this.#message = this.#gathered;
    this.#from = 0;
    this.#to = this.#gatheredBytes;
  }

  /** The answer is whole: hands it to the request that it names. */
  messageEnd(atMs: number): void {
    const { sink } = this.#owner;
    const [message, from, to] = [this.#message, this.#from, this.#to];
    this.#gatheredBytes = 0;
    this.#from = 0;
    this.#to = 0;
    const correlation = this.#stream?.request?.template.correlation;
    const index = correlation?.requestOf(message, from, to) ?? NONE;
    const asked = index < 0 ? undefined : this.#asked.find(index);
    if (asked === undefined || correlation === undefined) return;
    const { slot } = asked;
    asked.answered = true;
    sink.data(slot, message, from, to, atMs);
    sink.item?.(slot, atMs);
    if (!correlation.isLast(message, from, to)) return;
    this.#take(asked);
    sink.head(slot, OK, atMs);
    sink.end(slot, 'complete', atMs);
  }

  /** The server has ended the stream: with an error for all that it did not answer, or without a word to them. */
  ended(status: number, atMs: number): void {
    this.#endAll(status > OK ? 'complete' : 'reset', status, atMs);
  }

  failed(how: StreamFailure, atMs: number): void {
    if (how !== 'unprocessed') {
      this.#endAll(how, 0, atMs);
      return;
    }
    for (const asked of this.#takeAll()) this.#again(asked);
  }

  /** Lets go of the stream when nobody waits for an answer on it. */
  leave(): void {
    if (this.#stream === undefined || this.#stream.id !== this.#streamId || this.#asked.size > 0) return;
    this.#streamId = 0;
    this.#http2.cancel(this.#stream, CANCEL);
  }

  /** The others need the stream, so the server is not told; its answer, if it comes, is nobody's. */
  expire(nowMs: number): void {
    for (let position = this.#asked.size - 1; position >= 0; position--) {
      const asked = this.#asked.at(position);
      if (asked === undefined || asked.sentAtMs === NOT_SENT) continue;
      if (nowMs - asked.sentAtMs < this.#owner.timeoutMs) continue;
      const { slot } = asked;
      this.#take(asked);
      this.#owner.sink.end(slot, 'timeout', nowMs);
    }
  }

  #open(request: GrpcRequest): void {
    const stream = this.#http2.open(request.head);
    stream.begin(request, -1, 0, NOT_SENT);
    this.#stream = stream;
    this.#streamId = stream.id;
    this.#gatheredBytes = 0;
  }

  #endAll(outcome: 'complete' | 'reset' | 'malformed', status: number, atMs: number): void {
    const { sink } = this.#owner;
    for (const asked of this.#takeAll()) {
      if (!asked.departed) {
        this.#again(asked);
        continue;
      }
      if (outcome === 'complete') sink.head(asked.slot, status, atMs);
      const ends: TransportOutcome = outcome === 'reset' && asked.answered ? 'truncated' : outcome;
      sink.end(asked.slot, ends, atMs);
    }
  }

  #again({ request, slot, id, sentAtMs }: Asked): void {
    if (request !== undefined) this.#owner.again(request, slot, id, sentAtMs);
  }

  /** What is asked from now on is asked on another stream. */
  #takeAll(): Asked[] {
    this.#streamId = 0;
    const all: Asked[] = [];
    for (let position = 0; position < this.#asked.size; position++) {
      const asked = this.#asked.at(position);
      if (asked !== undefined) all.push(asked);
    }
    this.#asked = new StreamTable();
    this.#leaving.length = 0;
    return all;
  }

  #take(asked: Asked): void {
    this.#asked.remove(asked);
    asked.slot = -1;
    this.#pool.push(asked);
  }
}
