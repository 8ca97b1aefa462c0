import type { PayloadSpec } from '../scenario/workload-spec.ts';
import { cumulativeOf, drawAt, pick } from './indexed-draws.ts';

/** How many rows a payload has: a function of its key. */
export interface RowChoice {
  /** The numbers of rows that occur. */
  readonly rows: readonly number[];
  /** Which of them the payload of `key` has. Allocates nothing. */
  choiceOf(key: number): number;
}

export function rowChoice(spec: Pick<PayloadSpec, 'rows'>, salt: number): RowChoice {
  if (typeof spec.rows === 'number') return { rows: [spec.rows], choiceOf: () => 0 };
  const cumulative = cumulativeOf(spec.rows.map(({ share }) => share));
  return {
    rows: spec.rows.map(({ rows }) => rows),
    choiceOf: (key) => pick(cumulative, drawAt(salt, key)),
  };
}
