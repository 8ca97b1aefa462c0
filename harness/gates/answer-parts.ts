import type { Answer } from '../record/answer.ts';
import type { Expression } from '../scenario/expression.ts';
import type { Axes } from '../scenario/scenario.ts';
import { isLatency } from './bounds.ts';
import { configToPaste } from './config-to-paste.ts';
import { formatExpression } from './figures.ts';
import { evidenceOf, promisedPercentile, type SettingResult, type Step } from './settings.ts';

/** A setting that holds the promise, with its capacity. */
export type Proven = SettingResult & { readonly best: Step };

/** Says a setting's axes in words. */
export type Words = (axes: Axes) => string;

/** What the sentences about a winner are made from. */
export interface Told {
  readonly settings: readonly SettingResult[];
  readonly winner: Proven;
  readonly slo: readonly Expression[];
  readonly words: Words;
}

type WithoutWords = Omit<Answer, 'status' | 'sentence' | 'details'>;

export const NO_SETTING: WithoutWords = { ties: [], pareto: [], config: {} };

/** What every answer that names a setting carries besides its words. */
export function settled({ winner, slo }: Told): WithoutWords {
  const { best, next, axes } = winner;
  const metric = promisedPercentile(slo);
  return {
    ...NO_SETTING,
    setting: { ...axes },
    capacity: {
      requestsPerS: best.requestsPerS,
      rowsPerS: best.rowsPerS,
      caseId: best.record.id,
      ...(next === undefined ? {} : { brokenAtPerS: next.requestsPerS }),
      metric,
      evidence: evidenceOf(best, metric),
    },
    config: configToPaste(best.record),
  };
}

/** `p99 < 50 ms`: the latency bounds of a promise, or all of it where it has none. */
export function promiseWords(slo: readonly Expression[]): string {
  const latency = slo.filter(({ metric }) => isLatency(metric));
  return (latency.length > 0 ? latency : slo).map(formatExpression).join(' and ');
}
