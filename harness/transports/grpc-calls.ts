import { BidirectionalCalls, type BidirectionalOwner } from './grpc-bidirectional.ts';
import { outcomeOfBreak, outcomeOfEnd, outcomeOfFailure } from './grpc-outcome.ts';
import { type GrpcRequest, PREFIX_BYTES } from './grpc-request.ts';
import { grpcStatusOfHttp, OK } from './grpc-status.ts';
import { GrpcStream, type MessageEvents, NOT_SENT, readMessages } from './grpc-stream.ts';
import type { HeaderFields } from './header-fields.ts';
import type { HeaderDecoder } from './hpack-decoder.ts';
import { Http2Connection } from './http2-connection.ts';
import type { Http2Events, StreamFailure } from './http2-events.ts';
import { CANCEL } from './http2-frames.ts';
import type { TransportOutcome } from './transport.ts';

/** What the calls of a connection need of the pool. */
export interface CallsOwner extends BidirectionalOwner {
  readonly decoder: HeaderDecoder;
  remark(status: number, message: string): void;
}

/** What they tell their connection. */
export interface CallsHome {
  ready(): void;
  /** More calls may be taken, or none any more. Always before the sink hears of it. */
  capacityChanged(): void;
}

const HTTP_OK = 200;

/** The calls on one connection, from their request to their outcome. No socket: what they say is in `http2.output`. */
export class GrpcCalls implements Http2Events<GrpcStream>, MessageEvents {
  readonly http2: Http2Connection<GrpcStream>;
  readonly #owner: CallsOwner;
  readonly #home: CallsHome;
  readonly #bidirectional: BidirectionalCalls;
  /** Calls whose first byte is in the output. */
  readonly #leaving: GrpcStream[] = [];
  /** When the bytes came that are being read. */
  readAtMs = 0;
  /** One has been answered. */
  wasUsed = false;

  constructor(owner: CallsOwner, home: CallsHome) {
    this.#owner = owner;
    this.#home = home;
    this.http2 = new Http2Connection<GrpcStream>({
      events: this,
      decoder: owner.decoder,
      newStream: () => new GrpcStream(),
    });
    this.#bidirectional = new BidirectionalCalls(owner, this.http2);
  }

  get inFlight(): number {
    return this.http2.streams.size + this.#bidirectional.inFlight;
  }

  /** False while the server allows no more streams, or none any more. */
  accepts(request: GrpcRequest): boolean {
    return this.http2.capacity > 0 || (request.isBidirectional && this.#bidirectional.isLive);
  }

  ready(): void {
    this.#home.ready();
  }

  capacityChanged(): void {
    this.#home.capacityChanged();
  }

  /** Lets go of what nobody waits for when the server takes no more calls; true when the last one has ended. */
  leave(): boolean {
    if (!this.http2.draining) return false;
    this.#bidirectional.leave();
    return this.http2.streams.size === 0;
  }

  /** Must be accepted. What it says goes out at the next flush. `sentAtMs`: of an earlier attempt, or NOT_SENT. */
  send(request: GrpcRequest, slot: number, index: number, sentAtMs: number): void {
    if (request.isBidirectional) {
      this.#bidirectional.send(request, slot, index, sentAtMs);
      return;
    }
    const stream = this.#opened(request, index);
    stream.begin(request, slot, index, sentAtMs);
    this.#leaving.push(stream);
  }

  #opened(request: GrpcRequest, index: number): GrpcStream {
    const http2 = this.http2;
    const { whole, own, template } = request;
    const sent = whole === undefined ? undefined : http2.openWhole(whole, request.dataAt);
    if (sent !== undefined) {
      template.stamp(http2.output.buffer, http2.output.length - request.messageBytes, index);
      return sent;
    }
    const stream = http2.open(request.head);
    template.stamp(http2.send(stream, own, request.shared, true), PREFIX_BYTES, index);
    return stream;
  }

  /** Ends those that have lasted too long. */
  expire(nowMs: number): void {
    const { streams } = this.http2;
    for (let position = streams.size - 1; position >= 0; position--) {
      const stream = streams.at(position);
      if (stream === undefined || stream.slot < 0 || stream.sentAtMs === NOT_SENT) continue;
      if (nowMs - stream.sentAtMs < this.#owner.timeoutMs) continue;
      const { slot } = stream;
      this.http2.cancel(stream, CANCEL);
      this.#home.capacityChanged();
      this.#owner.sink.end(slot, 'timeout', nowMs);
    }
    this.#bidirectional.expire(nowMs);
  }

  /** The bytes of these calls are handed over now. */
  depart(): void {
    if (this.#leaving.length > 0) {
      const nowMs = this.#owner.now();
      for (const stream of this.#leaving) {
        // It may have been reset since, and even be in use again.
        if (stream.id === 0 || stream.slot < 0 || stream.departed) continue;
        stream.departed = true;
        if (stream.sentAtMs !== NOT_SENT) continue;
        stream.sentAtMs = nowMs;
        this.#owner.sink.sent(stream.slot, nowMs);
      }
      this.#leaving.length = 0;
    }
    this.#bidirectional.depart();
  }

  headers(stream: GrpcStream, fields: HeaderFields, last: boolean): void {
    if (fields.httpStatus !== 0) stream.httpStatus = fields.httpStatus;
    if (!last) {
      if (stream.httpStatus === HTTP_OK && !fields.isGrpc) this.#refuse(stream);
      return;
    }
    stream.status = fields.grpcStatus;
    if (stream.status > OK) this.#owner.remark(stream.status, fields.grpcMessage);
  }

  data(stream: GrpcStream, buffer: Buffer, from: number, to: number): void {
    // The body of another status is an explanation for people.
    if (stream.httpStatus !== HTTP_OK) return;
    if (!readMessages(stream, buffer, from, to, this)) this.#refuse(stream);
  }

  messageBytes(stream: GrpcStream, buffer: Buffer, from: number, to: number): void {
    if (stream.slot < 0) this.#bidirectional.bytes(stream, buffer, from, to);
    else this.#owner.sink.data(stream.slot, buffer, from, to, this.readAtMs);
  }

  messageEnd(stream: GrpcStream): void {
    if (stream.slot < 0) this.#bidirectional.messageEnd(this.readAtMs);
    else this.#owner.sink.item?.(stream.slot, this.readAtMs);
  }

  ended(stream: GrpcStream): void {
    this.wasUsed = true;
    const { httpStatus, slot } = stream;
    if (stream.status < 0 && httpStatus !== HTTP_OK) stream.status = grpcStatusOfHttp(httpStatus);
    this.#home.capacityChanged();
    if (slot < 0) {
      this.#bidirectional.ended(stream.status, this.readAtMs);
      return;
    }
    const outcome = outcomeOfEnd(stream, this.readAtMs, this.#owner.timeoutMs);
    if (outcome === 'complete') this.#owner.sink.head(slot, stream.status, this.readAtMs);
    this.#owner.sink.end(slot, outcome, this.readAtMs);
  }

  failed(stream: GrpcStream, how: StreamFailure): void {
    const { slot, request } = stream;
    this.#home.capacityChanged();
    if (slot < 0) {
      this.#bidirectional.failed(how, this.#owner.now());
    } else if (how === 'unprocessed' && request !== undefined) {
      this.#owner.again(request, slot, stream.index, stream.sentAtMs);
    } else {
      this.#owner.sink.end(slot, outcomeOfFailure(how, stream.headSeen), this.#owner.now());
    }
  }

  /** The connection has ended, and all calls on it. */
  broken(outcome: TransportOutcome): void {
    const { streams } = this.http2;
    while (streams.size > 0) {
      const stream = streams.at(streams.size - 1);
      if (stream === undefined) return;
      const { slot, index, request, sentAtMs, departed, headSeen } = stream;
      this.http2.cancel(stream, CANCEL);
      if (slot < 0) continue;
      if (!departed && request !== undefined) this.#owner.again(request, slot, index, sentAtMs);
      else this.#owner.sink.end(slot, outcomeOfBreak(outcome, headSeen), this.#owner.now());
    }
    this.#bidirectional.failed(outcome === 'malformed' ? 'malformed' : 'reset', this.#owner.now());
  }

  /** What came is not gRPC. */
  #refuse(stream: GrpcStream): void {
    const { slot } = stream;
    this.http2.cancel(stream, CANCEL);
    this.#home.capacityChanged();
    if (slot < 0) this.#bidirectional.failed('malformed', this.readAtMs);
    else this.#owner.sink.end(slot, 'malformed', this.readAtMs);
  }
}
