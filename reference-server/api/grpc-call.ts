import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { asServingError } from '../errors.ts';
import type { LimitSettings } from '../operations/operation-settings.ts';
import { ACCEPTED_ENCODINGS } from './grpc-compression.ts';
import {
  DEADLINE_EXCEEDED,
  DONE,
  encodedWords,
  type GrpcStatus,
  statusOf,
  timeoutMs,
} from './grpc-status.ts';

/** setTimeout takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const HEADERS = {
  ':status': 200,
  'content-type': 'application/grpc',
  'grpc-accept-encoding': ACCEPTED_ENCODINGS,
};
const TRAILERS_FOLLOW = { waitForTrailers: true };
const OK_TRAILERS = { 'grpc-status': '0' };

/** One call: messages go out, then one status. What comes in is read by whoever serves it. */
export class GrpcCall {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  /** Who calls, where it has to say so. */
  caller: string | undefined;
  /** What the caller is to do next: send the rest of a request, or read an answer. */
  waitsFor: 'request' | 'reader' | undefined = 'request';
  waitsSinceMs = performance.now();
  readonly #limits: LimitSettings;
  readonly #onLeft: (call: GrpcCall) => void;
  readonly #gone = new AbortController();
  readonly #deadline: NodeJS.Timeout | undefined;
  #status: GrpcStatus | undefined;
  #hasAnswered = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    limits: LimitSettings,
    onLeft: (call: GrpcCall) => void,
  ) {
    this.stream = stream;
    this.headers = headers;
    this.#limits = limits;
    this.#onLeft = onLeft;
    this.#deadline = this.#untilDeadline();
    // What a connection does to its streams is seen by `close`.
    stream.on('error', () => {});
    stream.on('close', () => this.#left());
    stream.on('wantTrailers', () => {
      if (!stream.destroyed) stream.sendTrailers(trailersOf(this.#status ?? DONE));
    });
  }

  /** Aborted when the caller has gone away, cancelled the call, or its deadline is over. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Whoever it is, for what one caller may take. */
  get who(): string {
    return this.caller ?? this.stream.session?.socket.remoteAddress ?? '';
  }

  /** From this instant on it is the caller's turn; undefined: it is ours. Its turn goes on if it was that already. */
  waitFor(what: 'request' | 'reader' | undefined): void {
    if (what === this.waitsFor) return;
    this.waitsFor = what;
    this.waitsSinceMs = performance.now();
  }

  /** The caller has taken too long. */
  giveUp(): void {
    this.#gone.abort();
    if (this.waitsFor === 'request' && !this.isOver) {
      this.end({ code: DEADLINE_EXCEEDED, words: 'the request was not whole in time' });
    } else {
      this.stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  /** What its compressed messages are compressed by. */
  get encoding(): string | undefined {
    const encoding = this.headers['grpc-encoding'];
    return typeof encoding === 'string' ? encoding : undefined;
  }

  /** A status has been given: nothing more goes out. */
  get isOver(): boolean {
    return this.#status !== undefined || this.stream.destroyed;
  }

  /** A message with its prefix. False: the caller does not read as fast as it is answered. */
  send(message: Buffer): boolean {
    if (this.isOver) return true;
    this.#respond();
    return this.stream.write(message);
  }

  /** The only message, and that all went well. */
  answer(message: Buffer): void {
    if (this.isOver) return;
    this.#respond();
    this.#end(DONE);
    this.stream.end(message);
  }

  end(status: GrpcStatus): void {
    if (this.isOver) return;
    const isFirst = !this.#hasAnswered;
    this.#end(status);
    // Whatever the caller still sends is read and thrown away.
    this.stream.resume();
    if (isFirst) this.stream.respond({ ...HEADERS, ...trailersOf(status) }, { endStream: true });
    else this.stream.end();
  }

  fail(thrown: unknown): void {
    this.end(statusOf(asServingError(thrown), this.#limits.retryAfterMs));
  }

  #respond(): void {
    if (this.#hasAnswered) return;
    this.#hasAnswered = true;
    this.stream.respond(HEADERS, TRAILERS_FOLLOW);
  }

  #end(status: GrpcStatus): void {
    this.#status = status;
    clearTimeout(this.#deadline);
    this.waitFor('reader');
  }

  #untilDeadline(): NodeJS.Timeout | undefined {
    const withinMs = timeoutMs(this.headers['grpc-timeout'] as string | undefined);
    if (withinMs === undefined) return undefined;
    return setTimeout(
      () => {
        this.end({ code: DEADLINE_EXCEEDED, words: `the deadline of ${withinMs} ms is over` });
        this.#gone.abort();
      },
      Math.min(LONGEST_TIMER_MS, withinMs),
    );
  }

  #left(): void {
    clearTimeout(this.#deadline);
    this.#onLeft(this);
    if (this.#status === undefined || this.stream.rstCode !== constants.NGHTTP2_NO_ERROR) this.#gone.abort();
  }
}

function trailersOf({ code, words, retryAfterMs }: GrpcStatus): OutgoingHttpHeaders {
  if (code === 0) return OK_TRAILERS;
  const trailers = { 'grpc-status': String(code), 'grpc-message': encodedWords(words) };
  return retryAfterMs === undefined
    ? trailers
    : { ...trailers, 'grpc-retry-pushback-ms': String(retryAfterMs) };
}
