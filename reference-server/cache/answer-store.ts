import type { Tensor } from '../infer.ts';

/** What is kept: tensors, not encodings, so that one answer serves every door and every encoding. */
export type Answer = readonly Tensor[];

/** An answer, and when its computation began, in milliseconds of this process's clock. */
export interface KeptAnswer {
  readonly outputs: Answer;
  readonly beganAtMs: number;
}

/** An answer, and how long ago its computation began: processes do not share a clock that begins at the same instant. */
export interface AgedAnswer {
  readonly outputs: Answer;
  readonly ageMs: number;
}

/**
 * Why a store outside this process did not do what it was asked to: it cannot be reached, or is left alone for a moment
 * because it could not; it did not answer in time; it said no (full, no rights); what it holds is no answer of ours.
 */
export const STORE_FAILURES = ['down', 'slow', 'refused', 'unreadable'] as const;
export type StoreFailure = (typeof STORE_FAILURES)[number];

/** Answers in this process's memory. */
export interface LocalStore {
  readonly where: 'here';
  get(key: string, nowMs: number): KeptAnswer | undefined;
  keep(key: string, kept: KeptAnswer, nowMs: number): void;
  state(): CacheState;
  flush(): Promise<void>;
}

/** Answers in another process. Nothing rejects, and nothing takes longer than a bound. */
export interface SharedStore {
  readonly where: 'elsewhere';
  /** Undefined: it is not there. */
  get(key: string): Promise<AgedAnswer | undefined | StoreFailure>;
  set(key: string, answer: AgedAnswer): Promise<StoreFailure | undefined>;
  state(): CacheState;
  /** Rejects with a ServingError where it cannot be done: whoever asks for it wants to know. */
  flush(): Promise<void>;
}

export type AnswerStore = LocalStore | SharedStore;

/** How a cache stands at this instant. What another process holds, only that one knows. */
export type CacheState =
  | { readonly kind: 'local'; readonly entries: number; readonly bytes: number; readonly maxBytes: number }
  | { readonly kind: 'redis'; readonly reachable: boolean };
