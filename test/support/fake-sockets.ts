import type { BytePieces } from '../../harness/transports/byte-pieces.ts';
import type { ByteStream, ByteStreamEvents, SocketSource } from '../../harness/transports/byte-stream.ts';
import { type Frame, framesIn, PREFACE } from './h2-frames.ts';

/** One end of a connection in memory: keeps what is written, says what it is told to say. */
export class FakeSocket implements ByteStream {
  readonly events: ByteStreamEvents;
  writes = 0;
  isClosed = false;
  /** When false the next write is taken in part, until `take`. */
  takesAll = true;
  readonly #written: Buffer[] = [];
  #greeted = false;

  constructor(events: ByteStreamEvents) {
    this.events = events;
  }

  write(bytes: Buffer, from: number, to: number): boolean {
    this.writes += 1;
    this.#written.push(Buffer.from(bytes.subarray(from, to)));
    return this.takesAll;
  }

  writeAll(pieces: BytePieces): boolean {
    this.writes += 1;
    pieces.forEach((buffer, from, to) => {
      this.#written.push(Buffer.from(buffer.subarray(from, to)));
    });
    return this.takesAll;
  }

  close(): void {
    this.isClosed = true;
  }

  say(...frames: readonly Buffer[]): void {
    const bytes = Buffer.concat(frames);
    this.events.read(bytes, 0, bytes.length, 0);
  }

  take(): void {
    this.takesAll = true;
    this.events.drained();
  }

  /** The frames written since the last call. */
  frames(): Frame[] {
    let bytes: Buffer = Buffer.concat(this.#written.splice(0));
    if (!this.#greeted) bytes = bytes.subarray(PREFACE.length);
    this.#greeted = true;
    return framesIn(bytes).frames;
  }
}

/** Opens fake sockets; what waits for the end of an event is done by `settle`. */
export class FakeSockets implements SocketSource {
  readonly opened: FakeSocket[] = [];
  readonly #before: (() => void)[] = [];

  open(_address: unknown, events: ByteStreamEvents): ByteStream {
    const socket = new FakeSocket(events);
    this.opened.push(socket);
    return socket;
  }

  beforeWait(callback: () => void): void {
    this.#before.push(callback);
  }

  settle(): void {
    for (const callback of this.#before.splice(0)) callback();
  }
}
