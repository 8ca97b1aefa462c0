import { DATA, END_STREAM, FIRST_WINDOW_BYTES, FRAME_BYTES } from './http2-frames.ts';
import type { Http2Output } from './http2-output.ts';
import { type Http2Stream, Outgoing } from './http2-stream.ts';

/** As much waits in the output at most, but for frames that cannot wait. */
const OUTPUT_BYTES = 262_144;
/** From so many bytes on, naming where a payload lies costs less than copying it. */
const SHARED_FROM_BYTES = 4096;

/**
 * DATA frames, as the server's windows and the output have room for. Streams send in the order in which they asked: one
 * message whole rather than several halves, so that the first is answered while the next is on its way.
 */
export class Http2Sender {
  readonly #output: Http2Output;
  #window = FIRST_WINDOW_BYTES;
  #frameBytes = FRAME_BYTES;
  #first: Http2Stream | undefined;
  #last: Http2Stream | undefined;
  #pool: Outgoing | undefined;

  constructor(output: Http2Output) {
    this.#output = output;
  }

  /** Of the whole connection. */
  get window(): number {
    return this.#window;
  }

  set window(bytes: number) {
    this.#window = bytes;
  }

  /** The server takes larger frames; ours stay at what copies well. */
  set frameBytes(bytes: number) {
    this.#frameBytes = Math.min(bytes, FRAME_BYTES * 4);
  }

  /** A frame of so many bytes could go out at once on a stream with this window. */
  fits(bytes: number, streamWindow: number): boolean {
    return (
      bytes <= this.#frameBytes &&
      bytes <= this.#window &&
      bytes <= streamWindow &&
      this.#output.waitingBytes < OUTPUT_BYTES
    );
  }

  /** Lets a message wait its turn. Gives the buffer into which its own bytes have been copied, to be stamped now. */
  queue(stream: Http2Stream, own: Buffer, shared: Buffer, endsStream: boolean): Buffer {
    const outgoing = this.#take();
    if (outgoing.own.length < own.length) outgoing.own = Buffer.allocUnsafe(own.length);
    outgoing.own.set(own);
    outgoing.ownBytes = own.length;
    outgoing.shared = shared;
    outgoing.bytes = own.length + shared.length;
    outgoing.sent = 0;
    outgoing.endsStream = endsStream;
    outgoing.next = undefined;
    if (stream.last === undefined) stream.first = outgoing;
    else stream.last.next = outgoing;
    stream.last = outgoing;
    this.wake(stream);
    return outgoing.own;
  }

  /** The stream may have room again. */
  wake(stream: Http2Stream): void {
    if (stream.queued || stream.first === undefined || stream.sendWindow <= 0) return;
    stream.queued = true;
    stream.nextQueued = undefined;
    if (this.#last === undefined) this.#first = stream;
    else this.#last.nextQueued = stream;
    this.#last = stream;
  }

  /** The stream is gone, and what it had to say with it. */
  forget(stream: Http2Stream): void {
    while (stream.first !== undefined) this.#drop(stream);
    if (stream.queued) this.#unqueue(stream);
  }

  /** Moves what there is room for into the output. */
  fill(): void {
    while (this.#first !== undefined && this.#window > 0 && this.#output.waitingBytes < OUTPUT_BYTES) {
      const stream = this.#first;
      this.#sendFrame(stream);
      if (stream.first === undefined || stream.sendWindow <= 0) this.#unqueue(stream);
    }
  }

  #sendFrame(stream: Http2Stream): void {
    const outgoing = stream.first;
    if (outgoing === undefined) return;
    const left = outgoing.bytes - outgoing.sent;
    const bytes = Math.min(left, this.#frameBytes, this.#window, stream.sendWindow);
    const ends = outgoing.endsStream && bytes === left;
    this.#output.head(bytes, DATA, ends ? END_STREAM : 0, stream.id);
    putPiece(outgoing, this.#output, bytes);
    outgoing.sent += bytes;
    this.#window -= bytes;
    stream.sendWindow -= bytes;
    if (bytes === left) this.#drop(stream);
  }

  #drop(stream: Http2Stream): void {
    const outgoing = stream.first;
    if (outgoing === undefined) return;
    stream.first = outgoing.next;
    if (stream.first === undefined) stream.last = undefined;
    outgoing.next = this.#pool;
    this.#pool = outgoing;
  }

  #take(): Outgoing {
    const outgoing = this.#pool ?? new Outgoing();
    this.#pool = outgoing.next;
    return outgoing;
  }

  #unqueue(stream: Http2Stream): void {
    stream.queued = false;
    if (this.#first === stream) {
      this.#first = stream.nextQueued;
      if (this.#first === undefined) this.#last = undefined;
    } else {
      let before = this.#first;
      while (before !== undefined && before.nextQueued !== stream) before = before.nextQueued;
      if (before !== undefined) before.nextQueued = stream.nextQueued;
      if (this.#last === stream) this.#last = before;
    }
    stream.nextQueued = undefined;
  }
}

/** The next `bytes` of a message, its own part first. */
function putPiece({ own, ownBytes, shared, sent }: Outgoing, output: Http2Output, bytes: number): void {
  const ownPiece = Math.max(0, Math.min(sent + bytes, ownBytes) - sent);
  if (ownPiece > 0) {
    // Taking room may give the output another buffer.
    const at = output.take(ownPiece);
    own.copy(output.buffer, at, sent, sent + ownPiece);
  }
  if (ownPiece === bytes) return;
  const from = sent + ownPiece - ownBytes;
  const to = sent + bytes - ownBytes;
  if (to - from >= SHARED_FROM_BYTES) {
    output.share(shared, from, to);
    return;
  }
  const at = output.take(to - from);
  shared.copy(output.buffer, at, from, to);
}
