import type { ByteStream, ByteStreamEvents, SocketSource } from '../../harness/transports/byte-stream.ts';
import type { Prepared, Sink, Transport, TransportOutcome } from '../../harness/transports/transport.ts';
import { type Fate, FuzzFailure } from './fate.ts';
import type { Cutting } from './mutations.ts';

/** How a server leaves: as `ByteStreamEvents.closed` says it. */
export type Ending = 'orderly' | 'broken';

/** One end of a connection in memory: takes everything, says what it is told to say. */
class FalseSocket implements ByteStream {
  readonly number: number;
  readonly events: ByteStreamEvents;
  readonly #wrote: (socket: FalseSocket) => void;
  isOpen = true;
  isConnected = false;
  /** Its end has been told. */
  hasEnded = false;

  constructor(number: number, events: ByteStreamEvents, wrote: (socket: FalseSocket) => void) {
    this.number = number;
    this.events = events;
    this.#wrote = wrote;
  }

  write(): boolean {
    if (!this.isOpen) throw new FuzzFailure(`connection ${this.number} is written after it was closed`);
    if (!this.isConnected) throw new FuzzFailure(`connection ${this.number} is written before it is open`);
    this.#wrote(this);
    return true;
  }

  writeAll(): boolean {
    return this.write();
  }

  close(): void {
    this.isOpen = false;
  }
}

/** Bytes are heard here and nowhere else: what was said before lies around them, and they are gone afterwards. */
const SCRATCH = Buffer.alloc(1 << 18);
const GONE = 0x5a;
const FEW = 64;
const MOST_CONNECTIONS = 64;

export type MakeTransport = (
  sockets: SocketSource,
  sink: Sink,
) => { readonly transport: Transport; readonly request: Prepared };

/** Plays a server's bytes to a real transport over false sockets, and checks the contract of its sink. */
export class TransportProbe implements Sink, SocketSource {
  readonly #transport: Transport;
  readonly #request: Prepared;
  readonly #sockets: FalseSocket[] = [];
  /** Sent, and not written so far. */
  readonly #leaving: number[] = [];
  readonly #wrote = (socket: FalseSocket): void => {
    for (const slot of this.#leaving.splice(0)) {
      const fate = this.#fates[slot];
      if (fate !== undefined) fate.connection = socket.number;
    }
  };
  readonly #fates: Fate[] = [];
  #steps = 0;
  /** Events of the sink until the transport is closed within one. */
  #eventsLeft = Number.POSITIVE_INFINITY;
  #isClosed = false;
  #scratchAt = 0;
  /** Called within the sink's `end`. */
  whenEnded: (slot: number) => void = () => {};

  constructor(make: MakeTransport) {
    const { transport, request } = make(this, this);
    this.#transport = transport;
    this.#request = request;
  }

  get fates(): readonly Fate[] {
    return this.#fates;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  isSent(slot: number): boolean {
    return this.#fates[slot] !== undefined;
  }

  hasEnded(slot: number): boolean {
    return this.#fates[slot]?.outcome !== undefined;
  }

  /** The next request, in the next slot. */
  send(): void {
    const slot = this.#fates.length;
    this.#steps += 64;
    this.#fates.push({ outcome: undefined, status: 0, body: '', messages: 0, connection: -1 });
    this.#transport.send(this.#request, slot, slot);
  }

  /** Every connection that is being opened is. */
  connect(): void {
    for (const socket of this.#sockets) {
      if (socket.isConnected || !socket.isOpen) continue;
      socket.isConnected = true;
      socket.events.connected();
    }
  }

  /** Where a request was written first. */
  connectionOf(slot: number): number {
    const connection = this.#fates[slot]?.connection ?? -1;
    if (connection < 0) throw new FuzzFailure(`request ${slot} was never written`);
    return connection;
  }

  /** The server says this on a connection, in pieces; also when the connection was closed meanwhile. */
  say(connection: number, bytes: Buffer, cutting: Cutting): void {
    const socket = this.#socket(connection);
    this.#steps += 8 * bytes.length;
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(bytes.length - at, cutting(bytes.length - at));
      const from = this.#scratchAt + length > SCRATCH.length ? 0 : this.#scratchAt;
      const to = from + length;
      place(bytes, at, from, length);
      socket.events.read(SCRATCH, from, to, 0);
      if (length > FEW) SCRATCH.fill(GONE, from, to);
      else for (let offset = from; offset < to; offset++) SCRATCH[offset] = GONE;
      this.#scratchAt = to;
      at += length;
    }
  }

  /** The server closes a connection, once; also when we had closed it. */
  hangUp(connection: number, ending: Ending): void {
    const socket = this.#socket(connection);
    if (socket.hasEnded) return;
    socket.isOpen = false;
    socket.hasEnded = true;
    socket.events.closed(ending);
  }

  /** Every connection breaks, or is refused, until nobody wants another. Every request must have ended. */
  finish(): void {
    for (let number = 0; number < this.#sockets.length; number++) {
      if (number === MOST_CONNECTIONS) throw new FuzzFailure('it opens connections without end');
      this.hangUp(number, 'broken');
    }
    this.#fates.forEach(({ outcome }, slot) => {
      if (!this.#isClosed && outcome === undefined) throw new FuzzFailure(`request ${slot} never ended`);
    });
  }

  /** As after nothing; the transport stays, and what it remembers of the server. */
  reset(): void {
    this.#sockets.length = 0;
    this.#fates.length = 0;
    this.#leaving.length = 0;
    this.#steps = 0;
    this.whenEnded = () => {};
  }

  /** In the middle of the n-th event from now on, after which there must be none. */
  closeWithin(nth: number): void {
    this.#eventsLeft = nth;
  }

  close(): void {
    this.#isClosed = true;
    this.#transport.close();
  }

  open(_address: unknown, events: ByteStreamEvents): ByteStream {
    const socket = new FalseSocket(this.#sockets.length, events, this.#wrote);
    this.#sockets.push(socket);
    return socket;
  }

  beforeWait(callback: () => void): void {
    callback();
  }

  sent(slot: number): void {
    this.#at(slot, 'sent');
    if (this.#leaving.includes(slot)) throw new FuzzFailure(`request ${slot} was sent twice`);
    this.#leaving.push(slot);
  }

  head(slot: number, status: number): void {
    const fate = this.#at(slot, 'head');
    if (fate.status !== 0) throw new FuzzFailure(`request ${slot} was answered twice`);
    fate.status = status;
  }

  data(slot: number, buffer: Buffer, from: number, to: number): void {
    const fate = this.#at(slot, 'data');
    if (from < 0 || to > buffer.length || from > to) throw new FuzzFailure(`data ${from}..${to} of nothing`);
    fate.body += buffer.toString('latin1', from, to);
  }

  item(slot: number): void {
    this.#at(slot, 'item').messages += 1;
  }

  end(slot: number, outcome: TransportOutcome): void {
    this.#at(slot, `end ${outcome}`).outcome = outcome;
    if (!this.#isClosed) this.whenEnded(slot);
  }

  #socket(connection: number): FalseSocket {
    const socket = this.#sockets[connection];
    if (socket === undefined) throw new FuzzFailure(`connection ${connection} was never opened`);
    return socket;
  }

  #at(slot: number, event: string): Fate {
    if (--this.#steps < 0) throw new FuzzFailure('it goes round in circles');
    if (this.#isClosed) throw new FuzzFailure(`${event} of request ${slot} after the transport was closed`);
    const fate = this.#fates[slot];
    if (fate === undefined) throw new FuzzFailure(`${event} for request ${slot}, which nobody sent`);
    if (fate.outcome !== undefined)
      throw new FuzzFailure(`${event} after request ${slot} had ended as ${fate.outcome}`);
    if (--this.#eventsLeft === 0) this.close();
    return fate;
  }
}

/** Of a few bytes each for itself: a call into native code would cost more. */
function place(bytes: Buffer, at: number, into: number, length: number): void {
  if (length > FEW) bytes.copy(SCRATCH, into, at, at + length);
  else for (let offset = 0; offset < length; offset++) SCRATCH[into + offset] = bytes[at + offset] ?? 0;
}
