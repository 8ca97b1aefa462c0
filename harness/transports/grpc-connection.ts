import type { Address, ByteStream, ByteStreamEvents, SocketSource } from './byte-stream.ts';
import { BidirectionalCalls } from './grpc-bidirectional.ts';
import { outcomeOfBreak, outcomeOfEnd, outcomeOfFailure } from './grpc-outcome.ts';
import type { GrpcRequest } from './grpc-request.ts';
import { PREFIX_BYTES } from './grpc-request.ts';
import { grpcStatusOfHttp, OK } from './grpc-status.ts';
import { GrpcStream, type MessageEvents, NOT_SENT, readMessages } from './grpc-stream.ts';
import type { HeaderFields } from './header-fields.ts';
import type { HeaderDecoder } from './hpack-decoder.ts';
import { Http2Connection } from './http2-connection.ts';
import type { Http2Events, StreamFailure } from './http2-events.ts';
import { CANCEL } from './http2-frames.ts';
import type { Sink, TransportOutcome } from './transport.ts';

/** What a connection tells the pool that owns it, always before the sink hears of it. */
export interface GrpcOwner {
  readonly sink: Sink;
  readonly timeoutMs: number;
  readonly decoder: HeaderDecoder;
  now(): number;
  opened(connection: GrpcConnection, tookMs: number): void;
  /** It may take more calls, or none any more. */
  changed(connection: GrpcConnection): void;
  /** Nothing more will come of it. */
  gone(connection: GrpcConnection, wasOpen: boolean, outcome: TransportOutcome): void;
  /** The server has not looked at this call, so it may be sent once more; it was first sent at `sentAtMs`. */
  again(request: GrpcRequest, slot: number, index: number, sentAtMs: number): void;
  remark(status: number, message: string): void;
  /** All that one event brought about is in the output of the connections: time to write it. */
  flush(): void;
}

const HTTP_OK = 200;

/** One socket with many calls on it. */
export class GrpcConnection implements ByteStreamEvents, Http2Events<GrpcStream>, MessageEvents {
  readonly #owner: GrpcOwner;
  readonly #http2: Http2Connection<GrpcStream>;
  readonly #socket: ByteStream;
  readonly #bidirectional: BidirectionalCalls;
  readonly #startedMs: number;
  /** Calls whose first byte is in the output. */
  readonly #leaving: GrpcStream[] = [];
  #connected = false;
  #blocked = false;
  #closed = false;
  #readAtMs = 0;
  /** In the owner's list of those that have something to write. */
  isDirty = false;
  /** A call has been answered on it. */
  wasUsed = false;

  constructor(owner: GrpcOwner, sockets: SocketSource, address: Address) {
    this.#owner = owner;
    this.#http2 = new Http2Connection<GrpcStream>({
      events: this,
      decoder: owner.decoder,
      newStream: () => new GrpcStream(),
    });
    this.#bidirectional = new BidirectionalCalls(owner, this.#http2);
    this.#startedMs = owner.now();
    this.#socket = sockets.open(address, this);
  }

  get isOpen(): boolean {
    return this.#http2.ready && !this.#closed;
  }

  get inFlight(): number {
    return this.#http2.streams.size + this.#bidirectional.inFlight;
  }

  /** False while the server allows no more streams, or none any more. */
  accepts(request: GrpcRequest): boolean {
    if (this.#closed) return false;
    return this.#http2.capacity > 0 || (request.isBidirectional && this.#bidirectional.isLive);
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
    const http2 = this.#http2;
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

  /** Writes all that there is to write, as far as the socket takes it. */
  flush(): void {
    const { output } = this.#http2;
    while (this.#connected && !this.#blocked && !this.#closed) {
      this.#http2.fill();
      if (output.length === 0) return;
      this.#depart();
      if (this.#socket.write(output.buffer, 0, output.length)) output.clear();
      else {
        output.swap();
        this.#blocked = true;
      }
    }
  }

  /** Ends what has lasted too long: calls, or the attempt to connect. */
  expire(nowMs: number, connectTimeoutMs: number): void {
    if (!this.#http2.ready) {
      if (nowMs - this.#startedMs >= connectTimeoutMs) this.#fail('timeout');
      return;
    }
    const { streams } = this.#http2;
    for (let position = streams.size - 1; position >= 0; position--) {
      const stream = streams.at(position);
      if (stream === undefined || stream.slot < 0 || stream.sentAtMs === NOT_SENT) continue;
      if (nowMs - stream.sentAtMs < this.#owner.timeoutMs) continue;
      const { slot } = stream;
      this.#http2.cancel(stream, CANCEL);
      this.#owner.changed(this);
      this.#owner.sink.end(slot, 'timeout', nowMs);
    }
    this.#bidirectional.expire(nowMs);
  }

  /** Without a word to anyone. */
  drop(): void {
    this.#closed = true;
    this.#http2.stop();
    this.#socket.close();
  }

  connected(): void {
    this.#connected = true;
    this.flush();
  }

  read(buffer: Buffer, from: number, to: number, atMs: number): void {
    this.#readAtMs = atMs;
    const isSound = this.#http2.read(buffer, from, to);
    if (this.#closed) return;
    if (!isSound) {
      this.flush();
      this.#fail('malformed');
    } else {
      this.#leaveWhenDone();
      this.flush();
    }
    this.#owner.flush();
  }

  drained(): void {
    this.#blocked = false;
    this.flush();
  }

  closed(): void {
    this.#fail('reset');
    this.#owner.flush();
  }

  ready(): void {
    this.#owner.opened(this, this.#owner.now() - this.#startedMs);
  }

  capacityChanged(): void {
    this.#owner.changed(this);
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
    else this.#owner.sink.data(stream.slot, buffer, from, to, this.#readAtMs);
  }

  messageEnd(stream: GrpcStream): void {
    if (stream.slot < 0) this.#bidirectional.messageEnd(this.#readAtMs);
    else this.#owner.sink.item?.(stream.slot, this.#readAtMs);
  }

  ended(stream: GrpcStream): void {
    this.wasUsed = true;
    const { httpStatus, slot } = stream;
    if (stream.status < 0 && httpStatus !== HTTP_OK) stream.status = grpcStatusOfHttp(httpStatus);
    this.#owner.changed(this);
    if (slot < 0) {
      this.#bidirectional.ended(stream.status, this.#readAtMs);
      return;
    }
    const outcome = outcomeOfEnd(stream, this.#readAtMs, this.#owner.timeoutMs);
    if (outcome === 'complete') this.#owner.sink.head(slot, stream.status, this.#readAtMs);
    this.#owner.sink.end(slot, outcome, this.#readAtMs);
  }

  failed(stream: GrpcStream, how: StreamFailure): void {
    const { slot, request } = stream;
    this.#owner.changed(this);
    if (slot < 0) {
      this.#bidirectional.failed(how, this.#owner.now());
    } else if (how === 'unprocessed' && request !== undefined) {
      this.#owner.again(request, slot, stream.index, stream.sentAtMs);
    } else {
      this.#owner.sink.end(slot, outcomeOfFailure(how, stream.headSeen), this.#owner.now());
    }
  }

  /** The server takes no more calls: the last one closes the door. */
  #leaveWhenDone(): void {
    if (!this.#http2.draining) return;
    this.#bidirectional.leave();
    if (this.#http2.streams.size === 0) this.#fail('complete');
  }

  /** What came is not gRPC. */
  #refuse(stream: GrpcStream): void {
    const { slot } = stream;
    this.#http2.cancel(stream, CANCEL);
    this.#owner.changed(this);
    if (slot < 0) this.#bidirectional.failed('malformed', this.#readAtMs);
    else this.#owner.sink.end(slot, 'malformed', this.#readAtMs);
  }

  /** The bytes of these calls are handed over now. */
  #depart(): void {
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

  /** Closes the connection and ends what it carried, once. */
  #fail(outcome: TransportOutcome): void {
    if (this.#closed) return;
    const wasOpen = this.#http2.ready;
    this.drop();
    this.#owner.gone(this, wasOpen, outcome);
    const { streams } = this.#http2;
    while (streams.size > 0) {
      const stream = streams.at(streams.size - 1);
      if (stream === undefined) return;
      const { slot, index, request, sentAtMs, departed, headSeen } = stream;
      this.#http2.cancel(stream, CANCEL);
      if (slot < 0) continue;
      if (!departed && request !== undefined) this.#owner.again(request, slot, index, sentAtMs);
      else this.#owner.sink.end(slot, outcomeOfBreak(outcome, headSeen), this.#owner.now());
    }
    this.#bidirectional.failed(outcome === 'malformed' ? 'malformed' : 'reset', this.#owner.now());
  }
}
