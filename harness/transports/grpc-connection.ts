import type { Address, ByteStream, ByteStreamEvents, SocketSource } from './byte-stream.ts';
import { type CallsHome, type CallsOwner, GrpcCalls } from './grpc-calls.ts';
import type { GrpcRequest } from './grpc-request.ts';
import type { GrpcStream } from './grpc-stream.ts';
import type { Http2Connection } from './http2-connection.ts';
import type { Http2Output } from './http2-output.ts';
import type { TransportOutcome } from './transport.ts';

/** What a connection tells the pool that owns it, always before the sink hears of it. */
export interface GrpcOwner extends CallsOwner {
  opened(connection: GrpcConnection, tookMs: number): void;
  /** It may take more calls, or none any more. */
  changed(connection: GrpcConnection): void;
  /** Nothing more will come of it. */
  gone(connection: GrpcConnection, wasOpen: boolean, outcome: TransportOutcome): void;
  /** All that one event brought about is in the output of the connections: time to write it. */
  flush(): void;
}

/** One socket with many calls on it. */
export class GrpcConnection implements ByteStreamEvents, CallsHome {
  readonly #owner: GrpcOwner;
  readonly #calls: GrpcCalls;
  readonly #http2: Http2Connection<GrpcStream>;
  readonly #socket: ByteStream;
  readonly #startedMs: number;
  #connected = false;
  #blocked = false;
  #closed = false;
  /** In the owner's list of those that have something to write. */
  isDirty = false;

  constructor(owner: GrpcOwner, sockets: SocketSource, address: Address) {
    this.#owner = owner;
    this.#calls = new GrpcCalls(owner, this);
    this.#http2 = this.#calls.http2;
    this.#startedMs = owner.now();
    this.#socket = sockets.open(address, this);
  }

  /** A call has been answered on it. */
  get wasUsed(): boolean {
    return this.#calls.wasUsed;
  }

  get inFlight(): number {
    return this.#calls.inFlight;
  }

  /** False while the server allows no more streams, or none any more. */
  accepts(request: GrpcRequest): boolean {
    return !this.#closed && this.#calls.accepts(request);
  }

  /** Must be accepted. What it says goes out at the next flush. `sentAtMs`: of an earlier attempt, or NOT_SENT. */
  send(request: GrpcRequest, slot: number, index: number, sentAtMs: number): void {
    this.#calls.send(request, slot, index, sentAtMs);
  }

  /** Writes all that there is to write, as far as the socket takes it. */
  flush(): void {
    const { output } = this.#http2;
    while (this.#connected && !this.#blocked && !this.#closed) {
      this.#http2.fill();
      if (output.waitingBytes === 0) return;
      this.#calls.depart();
      if (this.#closed) return;
      if (this.#write(output)) output.clear();
      else {
        output.swap();
        this.#blocked = true;
      }
    }
  }

  #write(output: Http2Output): boolean {
    const { pieces } = output;
    if (pieces !== undefined) return this.#socket.writeAll(pieces);
    return this.#socket.write(output.buffer, 0, output.length);
  }

  /** Ends what has lasted too long: calls, or the attempt to connect. */
  expire(nowMs: number, connectTimeoutMs: number): void {
    if (!this.#http2.ready) {
      if (nowMs - this.#startedMs >= connectTimeoutMs) this.#fail('timeout');
      return;
    }
    this.#calls.expire(nowMs);
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
    this.#calls.readAtMs = atMs;
    const isSound = this.#http2.read(buffer, from, to);
    if (this.#closed) return;
    if (!isSound) {
      this.flush();
      this.#fail('malformed');
    } else {
      // The server takes no more calls: the last one closes the door.
      if (this.#calls.leave()) this.#fail('complete');
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

  /** Closes the connection and ends what it carried, once. */
  #fail(outcome: TransportOutcome): void {
    if (this.#closed) return;
    const wasOpen = this.#http2.ready;
    this.drop();
    this.#owner.gone(this, wasOpen, outcome);
    this.#calls.broken(outcome);
  }
}
