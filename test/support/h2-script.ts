import type { HeaderFields } from '../../harness/transports/header-fields.ts';
import { HeaderDecoder } from '../../harness/transports/hpack-decoder.ts';
import { Http2Connection } from '../../harness/transports/http2-connection.ts';
import type { Http2Events, StreamFailure } from '../../harness/transports/http2-events.ts';
import { Http2Stream } from '../../harness/transports/http2-stream.ts';
import { FRAME, type Frame, framesIn, PREFACE } from './h2-frames.ts';

/** A client connection without a socket: what it was told, as text, and what it would write, as frames. */
export class ScriptedClient implements Http2Events<Http2Stream> {
  readonly told: string[] = [];
  readonly connection: Http2Connection<Http2Stream>;
  /** Bytes of DATA, by stream, so that how they came in pieces does not matter. */
  readonly bodies = new Map<number, Buffer[]>();
  #greeted = false;

  constructor(windowBytes?: number) {
    this.connection = new Http2Connection({
      events: this,
      decoder: new HeaderDecoder(),
      newStream: () => new Http2Stream(),
      ...(windowBytes === undefined ? {} : { windowBytes }),
    });
  }

  read(bytes: Buffer): boolean {
    return this.connection.read(bytes, 0, bytes.length);
  }

  /** Takes the frames that would be written now. */
  written(): Frame[] {
    this.connection.fill();
    const { output } = this.connection;
    const pieces: Buffer[] = [];
    if (output.pieces === undefined) pieces.push(output.buffer.subarray(0, output.length));
    output.pieces?.forEach((buffer, from, to) => {
      pieces.push(buffer.subarray(from, to));
    });
    let bytes: Buffer = Buffer.concat(pieces);
    output.clear();
    if (!this.#greeted) bytes = bytes.subarray(PREFACE.length);
    this.#greeted = true;
    return framesIn(bytes).frames;
  }

  /** Lengths of the DATA frames that would be written now. */
  dataWritten(): number[] {
    return this.written()
      .filter(({ type }) => type === FRAME.data)
      .map(({ payload }) => payload.length);
  }

  ready(): void {
    this.told.push('ready');
  }

  headers(stream: Http2Stream, fields: HeaderFields, last: boolean): void {
    this.told.push(
      `headers ${stream.id} ${fields.httpStatus} ${fields.grpcStatus} ${last} ${this.#bodyOf(stream)}`,
    );
  }

  data(stream: Http2Stream, buffer: Buffer, from: number, to: number): void {
    const pieces = this.bodies.get(stream.id) ?? [];
    pieces.push(Buffer.from(buffer.subarray(from, to)));
    this.bodies.set(stream.id, pieces);
  }

  ended(stream: Http2Stream): void {
    this.told.push(`ended ${stream.id} ${this.#bodyOf(stream)}`);
  }

  failed(stream: Http2Stream, how: StreamFailure): void {
    this.told.push(`${how} ${stream.id} ${this.#bodyOf(stream)}`);
  }

  capacityChanged(): void {
    this.told.push(`capacity ${this.connection.capacity}`);
  }

  #bodyOf(stream: Http2Stream): string {
    return Buffer.concat(this.bodies.get(stream.id) ?? []).toString('latin1');
  }
}
