import type { HeaderFields } from './header-fields.ts';
import type { HeaderDecoder } from './hpack-decoder.ts';
import type { Http2Stream } from './http2-stream.ts';

/** How a stream ended without END_STREAM. `unprocessed`: the server says that it did nothing, so it may be asked again. */
export type StreamFailure = 'reset' | 'unprocessed' | 'malformed';

/** What the server's bytes mean. A stream is gone when `ended` or `failed` is called, and reused after it. */
export interface Http2Events<S extends Http2Stream> {
  /** The server's first settings have come. */
  ready(): void;
  /** A final header block: head, or trailers when `last`. Fields are valid during the call. */
  headers(stream: S, fields: HeaderFields, last: boolean): void;
  data(stream: S, buffer: Buffer, from: number, to: number): void;
  ended(stream: S): void;
  failed(stream: S, how: StreamFailure): void;
  /** More streams may be opened, or none any more. */
  capacityChanged(): void;
}

export interface Http2Options<S extends Http2Stream> {
  readonly events: Http2Events<S>;
  /** Shared by all connections of a thread. */
  readonly decoder: HeaderDecoder;
  readonly newStream: () => S;
  /** How much of an answer may be on its way. */
  readonly windowBytes?: number;
}
