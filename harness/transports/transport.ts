/** Statuses by their number, as outcomes spell them; 0 is ok. */
export const GRPC_OUTCOMES = [
  'ok',
  'grpc-cancelled',
  'grpc-unknown',
  'grpc-invalid-argument',
  'grpc-deadline-exceeded',
  'grpc-not-found',
  'grpc-already-exists',
  'grpc-permission-denied',
  'grpc-resource-exhausted',
  'grpc-failed-precondition',
  'grpc-aborted',
  'grpc-out-of-range',
  'grpc-unimplemented',
  'grpc-internal',
  'grpc-unavailable',
  'grpc-data-loss',
  'grpc-unauthenticated',
] as const;

/** How a request ended. `cancelled` is only the user's Ctrl-C; `grpc-…` is the server's status. */
export const OUTCOMES = [
  ...GRPC_OUTCOMES,
  'http-4xx',
  'http-429',
  'http-5xx',
  /** No connection could be opened while none was open. */
  'connect-error',
  /** The connection broke, or was closed, before the first byte of an answer. */
  'reset',
  'timeout',
  /** The connection broke, or was closed, in the middle of an answer. */
  'truncated',
  /** What came is not what the protocol allows: bytes, framing, JSON, tensor sizes. */
  'malformed',
  /** A well-formed answer to another request. */
  'wrong-answer',
  'cancelled',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What a transport can tell by itself; `complete` leaves the judgement of status and content to the protocol. */
export type TransportOutcome = 'complete' | 'connect-error' | 'reset' | 'timeout' | 'truncated' | 'malformed';

/** A request prepared before the clock. All that differs between two uses of it lies in `own`. */
export interface Template {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Start of the body: copied to the connection's own buffer for each request, and stamped there. */
  readonly own: Uint8Array;
  /** Rest of the body: shared by every request in flight, never written to, never copied. */
  readonly shared: Uint8Array;
  /** Nobody wants the body of the answer: it is read and counted, and not handed over. */
  readonly ignoresAnswer?: boolean;
  /** For gRPC; left out: unary. Bidirectional: each request is a message on a stream that lives as long as the load. */
  readonly call?: 'unary' | 'server-streaming' | 'bidirectional';
  /** For bidirectional calls, the same in all templates of a load. */
  readonly correlation?: Correlation;
  /** Makes request `index` differ: fixed-width writes into `buffer`, where `own` begins at `at`. Allocates nothing. */
  stamp(buffer: Buffer, at: number, index: number): void;
}

/** Which request a message of the answers belongs to, where they share a stream. Pure, allocates nothing. */
export interface Correlation {
  /** The index of the request that a whole message answers; -1 when it names none. */
  requestOf(message: Buffer, from: number, to: number): number;
  /** No other message answers that request. */
  isLast(message: Buffer, from: number, to: number): boolean;
}

/**
 * What became of the request in a slot. Instants are in milliseconds of the transport's clock. `sent` at most once,
 * then `head` (each final answer once), `data` for each piece of body, and `end` exactly once: after a `connect-error`
 * or a broken connection without the others. The buffer is only valid during the call. The status of a gRPC call is
 * gRPC's, and known only when its answer ends: `head` comes after the data.
 */
export interface Sink {
  sent(slot: number, atMs: number): void;
  head(slot: number, status: number, atMs: number): void;
  data(slot: number, buffer: Buffer, from: number, to: number, atMs: number): void;
  /** A message of the answer is complete. Only from transports that know messages. */
  item?(slot: number, atMs: number): void;
  end(slot: number, outcome: TransportOutcome, atMs: number): void;
}

/** Whom a transport tells when it is closed, perhaps in the middle of telling. */
export const NOBODY: Sink = { sent() {}, head() {}, data() {}, end() {} };

/** A template in the transport's own bytes. */
export interface Prepared {
  readonly template: Template;
}

/**
 * Bytes on sockets. Every outcome that a server or a network can cause comes through the sink, never as an exception;
 * no promise, closure or object per request. A request that finds no free connection waits in order of arrival; the
 * caller bounds how many.
 */
export interface Transport {
  prepare(template: Template): Prepared;
  /** Opens connections ahead of the load; resolves when they are open or cannot be. Never rejects. */
  connect(connections: number): Promise<void>;
  send(prepared: Prepared, slot: number, index: number): void;
  readonly connectStatistics: { readonly opened: number; readonly connectMeanMs: number | undefined };
  /** What the server said about requests that it refused, once a status; for the record's events. */
  readonly remarks?: readonly string[];
  /** Drops every connection at once; the sink hears nothing more, though this be called by it. */
  close(): void;
}
