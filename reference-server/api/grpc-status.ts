import type { ServingError } from '../errors.ts';

/** gRPC's own statuses that no failure of serving has. */
export const OK = 0;
export const DEADLINE_EXCEEDED = 4;

/** How a call ends. */
export interface GrpcStatus {
  readonly code: number;
  readonly words: string;
  /** When the same call may well be answered. */
  readonly retryAfterMs?: number;
}

export const DONE: GrpcStatus = { code: OK, words: '' };

/** `retryAfterMs`: when a caller who is refused for now may come again. */
export function statusOf({ grpcCode, message, isPassing }: ServingError, retryAfterMs: number): GrpcStatus {
  return { code: grpcCode, words: message, ...(isPassing ? { retryAfterMs } : {}) };
}

/** Percent-encoded UTF-8, as `grpc-message` must be; cut so that no header becomes too long for a client. */
export function encodedWords(words: string): string {
  const cut = words.length > MOST_CHARACTERS ? `${words.slice(0, MOST_CHARACTERS)} …` : words;
  const bytes = Buffer.from(cut, 'utf8').toString('latin1');
  return bytes.replace(/[^ -$&-~]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

const MOST_CHARACTERS = 1000;

/** Milliseconds that a `grpc-timeout` allows; undefined where there is none, or none that can be read. */
export function timeoutMs(header: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(header ?? '') ?? [];
  return unit === undefined ? undefined : Number(digits) * (UNIT_MS[unit] ?? 0);
}

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};
