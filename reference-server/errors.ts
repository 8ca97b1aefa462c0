/**
 * Every way in which the server refuses or fails a request: one table, for all doors, from the kind of failure to the
 * HTTP status, to gRPC's code, and to the label of `nv_inference_request_failure`. The body of an HTTP answer is always
 * `{"error": string}`.
 */
const FAILURES = {
  invalid: { status: 400, grpc: 3, reason: 'OTHER' },
  'not-ready': { status: 400, grpc: 14, reason: 'OTHER' },
  /** No token, or none that is known here. */
  unauthenticated: { status: 401, grpc: 16, reason: 'OTHER' },
  forbidden: { status: 403, grpc: 7, reason: 'OTHER' },
  'not-found': { status: 404, grpc: 5, reason: 'OTHER' },
  'wrong-method': { status: 405, grpc: 12, reason: 'OTHER' },
  'too-large': { status: 413, grpc: 8, reason: 'OTHER' },
  /** This caller has too many requests under way. */
  'too-many': { status: 429, grpc: 8, reason: 'REJECTED' },
  unsupported: { status: 501, grpc: 12, reason: 'OTHER' },
  unavailable: { status: 503, grpc: 14, reason: 'REJECTED' },
  cancelled: { status: 400, grpc: 1, reason: 'CANCELED' },
  /** The instance that ran the request died under it. */
  crashed: { status: 500, grpc: 13, reason: 'BACKEND' },
  internal: { status: 500, grpc: 13, reason: 'BACKEND' },
} as const;

export type FailureKind = keyof typeof FAILURES;
export type FailureReason = (typeof FAILURES)[FailureKind]['reason'];

export const FAILURE_REASONS: readonly FailureReason[] = ['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'];

export interface ServingErrorOptions extends ErrorOptions {
  /** Further response headers: name, value, name, value … */
  readonly headers?: readonly string[];
}

/** A failure with a place in the table: its message is written for the caller. */
export class ServingError extends Error {
  readonly kind: FailureKind;
  readonly headers: readonly string[];

  constructor(kind: FailureKind, message: string, options: ServingErrorOptions = {}) {
    const { stackTraceLimit } = Error;
    // Who is refused for lack of room is refused by the thousand, and nobody looks where: a stack costs more than the rest.
    if (FAILURES[kind].reason === 'REJECTED') Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'ServingError';
    this.kind = kind;
    this.headers = options.headers ?? [];
  }

  get status(): number {
    return FAILURES[this.kind].status;
  }

  get grpcCode(): number {
    return FAILURES[this.kind].grpc;
  }

  /** Whether the same request may well be answered a little later. */
  get isPassing(): boolean {
    return this.kind === 'unavailable' || this.kind === 'too-many';
  }

  get reason(): FailureReason {
    return FAILURES[this.kind].reason;
  }
}

export function invalid(message: string): ServingError {
  return new ServingError('invalid', message);
}

/** Anything thrown, as a ServingError: what is not one already is a fault of ours, a 500. */
export function asServingError(error: unknown): ServingError {
  if (error instanceof ServingError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ServingError('internal', message, { cause: error });
}

/** The server cannot start at all: one sentence, what to do about it, and the exit code. */
export class StartupError extends Error {
  readonly advice: string;
  readonly exitCode: 3 | 4;

  constructor(message: string, advice: string, exitCode: 3 | 4 = 4, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StartupError';
    this.advice = advice;
    this.exitCode = exitCode;
  }
}
