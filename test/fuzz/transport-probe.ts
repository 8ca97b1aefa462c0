import type { ByteStream, ByteStreamEvents, SocketSource } from '../../harness/transports/byte-stream.ts';
import type { Prepared, Sink, Transport, TransportOutcome } from '../../harness/transports/transport.ts';

/** What a fuzzed transport was found doing that it must not. */
export class FuzzFailure extends Error {}

/** What a transport told about one request. */
export interface Told {
  sent: boolean;
  status: number;
  body: Buffer;
  outcome: string | undefined;
}

interface FakeSocket {
  readonly events: ByteStreamEvents;
  open: boolean;
}

/** Sockets that take everything and say what they are told to say. */
class FakeSockets implements SocketSource {
  readonly fresh: FakeSocket[] = [];

  open(_address: unknown, events: ByteStreamEvents): ByteStream {
    const socket: FakeSocket = { events, open: true };
    this.fresh.push(socket);
    return {
      write: () => true,
      close: () => {
        socket.open = false;
      },
    };
  }

  beforeWait(callback: () => void): void {
    callback();
  }
}

const BODY_BYTES = 1 << 20;

/** Plays a server's bytes to a real transport over false sockets, and checks the contract of its sink. */
export class TransportProbe implements Sink {
  readonly #sockets = new FakeSockets();
  readonly #transport: Transport;
  readonly #request: Prepared;
  readonly #body = Buffer.alloc(BODY_BYTES);
  #told: Told[] = [];
  #steps = 0;

  constructor(make: (sockets: SocketSource, sink: Sink) => { transport: Transport; request: Prepared }) {
    const { transport, request } = make(this.#sockets, this);
    this.#transport = transport;
    this.#request = request;
  }

  close(): void {
    this.#transport.close();
  }

  /** Sends `calls` requests, plays the pieces, then ends every connection. Each request must have ended once. */
  play(pieces: readonly Buffer[], calls: number, ending: 'orderly' | 'broken'): readonly Told[] {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#steps = 64 * calls + 4 * bytes + pieces.length;
    this.#told = Array.from({ length: calls }, () => ({
      sent: false,
      status: 0,
      body: Buffer.alloc(0),
      outcome: undefined,
    }));
    for (let slot = 0; slot < calls; slot++) this.#transport.send(this.#request, slot, slot);
    const first = this.#sockets.fresh.shift();
    if (first === undefined) throw new FuzzFailure('no connection was opened');
    first.events.connected();
    for (const piece of pieces) {
      if (!first.open) break;
      first.events.read(piece, 0, piece.length, 0);
    }
    if (first.open) first.events.closed(ending);
    this.#endOthers();
    this.#told.forEach(({ outcome }, slot) => {
      if (outcome === undefined) throw new FuzzFailure(`request ${slot} never ended`);
    });
    return this.#told;
  }

  sent(slot: number): void {
    const told = this.#find(slot, 'sent');
    if (told.sent) throw new FuzzFailure(`request ${slot} was sent twice`);
    told.sent = true;
  }

  head(slot: number, status: number): void {
    const told = this.#find(slot, 'head');
    if (told.status !== 0) throw new FuzzFailure(`request ${slot} was answered twice`);
    told.status = status;
  }

  data(slot: number, buffer: Buffer, from: number, to: number): void {
    const told = this.#find(slot, 'data');
    if (from < 0 || to > buffer.length || from > to) throw new FuzzFailure(`data ${from}..${to} of nothing`);
    const had = told.body.length;
    if (had + to - from > BODY_BYTES) throw new FuzzFailure('more data than was sent');
    told.body = Buffer.concat([told.body, buffer.subarray(from, to)]);
  }

  end(slot: number, outcome: TransportOutcome | string): void {
    this.#find(slot, `end ${outcome}`).outcome = outcome;
  }

  #find(slot: number, event: string): Told {
    if (--this.#steps < 0) throw new FuzzFailure('it goes round in circles');
    const told = this.#told[slot];
    if (told === undefined) throw new FuzzFailure(`${event} for request ${slot}, which nobody sent`);
    if (told.outcome !== undefined)
      throw new FuzzFailure(`${event} after request ${slot} had ended as ${told.outcome}`);
    return told;
  }

  /** Connections opened for what was left: refused, until nobody wants one. */
  #endOthers(): void {
    for (let left = 64; this.#sockets.fresh.length > 0; left--) {
      if (left === 0) throw new FuzzFailure('it opens connections without end');
      const socket = this.#sockets.fresh.shift();
      if (socket?.open === true) socket.events.closed('broken');
    }
  }
}

/** The same bytes must be told alike however they were cut. */
export function expectAlike(whole: readonly Told[], inPieces: readonly Told[]): void {
  const first = whole.map(describe).join('\n');
  const second = inPieces.map(describe).join('\n');
  if (first !== second) throw new FuzzFailure(`uncut:\n${first}\nin pieces:\n${second}`);
}

function describe({ status, body, outcome }: Told, slot: number): string {
  return `request ${slot}: status ${status}, ${body.length} bytes ${body.toString('base64')}, ${outcome}`;
}

/** Passes by a second at each look: no pause of a transport outlasts the next request. */
export function virtualClock(): () => number {
  let nowMs = 0;
  return () => {
    nowMs += 1000;
    return nowMs;
  };
}
