import type { Answer } from '../record/answer.ts';
import type { CaseRecord } from '../record/case-record.ts';
import { isMissing } from '../record/figures.ts';
import type { DecideRecord, RunRecord } from '../record/run-record.ts';
import type { SearchRecord } from '../record/search-record.ts';
import { formatMsInterval, formatRate, listWords } from '../record/wording.ts';
import { type Expression, parseExpression } from '../scenario/expression.ts';
import { type Proven, settled, type Told, type Words } from './answer-parts.ts';
import { batchingDoesNothing } from './batching-nothing.ts';
import { foundCapacity } from './found-capacity.ts';
import { bracketSentence, costSentences, holdsSentence, unprovenSentences } from './holds.ts';
import {
  allOverloaded,
  noneQualifies,
  notAsked,
  saturationOnly,
  unfinished,
  withoutSlo,
} from './no-winner.ts';
import { withReported } from './reported.ts';
import {
  evidenceOf,
  isOverloaded,
  type PromisedPercentile,
  promisedPercentile,
  type SettingResult,
  settingsOf,
  upperEnd,
} from './settings.ts';
import { whySentences } from './why.ts';
import { serveItWith, settingWords } from './wording.ts';

/** What an answer is made from; a run record has all of it. */
export interface Measured {
  readonly decide: DecideRecord;
  readonly cases: readonly CaseRecord[];
  readonly scenario: Pick<RunRecord['scenario'], 'axes' | 'plannedCases'>;
  readonly searches?: readonly SearchRecord[] | undefined;
}

/** The answer to the scenario's question, and what `decide.report` asks for besides. Pure: redone from any record. */
export function recommend(measured: Measured): Answer {
  const { decide, cases, scenario } = measured;
  const words: Words = (axes) => settingWords(axes, scenario.axes);
  const asked = { names: decide.report ?? [], cases, slo: expressionsOf(decide.slo), words };
  return withReported(chosen(measured, words), asked, decide.recommend !== undefined);
}

/**
 * The setting of highest capacity at the SLO, compared at the same absolute
 * rates, then of the lowest upper end of the promised percentile; or why there is none.
 */
function chosen({ decide, cases, scenario, searches = [] }: Measured, words: Words): Answer {
  const slo = expressionsOf(decide.slo);
  const settings = settingsOf(cases, slo);
  const steps = settings.flatMap((setting) => setting.steps);
  if (searches.length > 0) return foundCapacity({ decide, cases, scenario, searches }, slo, words);
  if (cases.length === 0 || cases.length < scenario.plannedCases)
    return unfinished(cases.length, scenario.plannedCases);
  if (cases.every(({ mlperf }) => mlperf !== undefined)) return mlperfAnswer(cases);
  if (steps.length === 0) return saturationOnly(settings, words);
  if (steps.every(isOverloaded)) return allOverloaded(settings, words);
  if (settings.length > 1 && (decide.recommend === undefined || !servedDifferently(settings))) {
    return notAsked(settings, slo, words);
  }
  if (slo.length === 0) return withoutSlo(settings, words);
  const proven = ranked(settings, promisedPercentile(slo));
  const winner = mostReserve(proven, settings, promisedPercentile(slo));
  if (winner === undefined) return noneQualifies(settings, slo, words);
  const told: Told = { settings, winner, slo, words };
  return batchingDoesNothing(told) ?? winnerAnswer(told, proven);
}

/** MLPerf's scenarios report by themselves. */
function mlperfAnswer(cases: Measured['cases']): Answer {
  const several = cases.length > 1;
  const [sentence = '', ...details] = cases.map(
    ({ id, mlperf }) => `${several ? `${id}: ` : ''}${mlperf?.statement ?? ''}`,
  );
  return { status: 'not-asked', sentence, details, ties: [], pareto: [], config: {} };
}

/** Whether the settings differ in what serves, so that one of them can be chosen; else only the load differs. */
function servedDifferently(settings: readonly SettingResult[]): boolean {
  const served = settings.map(({ steps }) => {
    const { requested, effective } = steps[0]?.record.target ?? {};
    return JSON.stringify([requested, effective]);
  });
  return new Set(served).size > 1;
}

/** Reads expressions that a record carries; its scenario's schema has checked them, so a mistake is a broken record. */
export function expressionsOf(texts: readonly string[]): Expression[] {
  return texts.map((text) => {
    const reading = parseExpression(text);
    if ('problem' in reading)
      throw new Error(`the record's expression "${text}" cannot be read: ${reading.problem}`);
    return reading;
  });
}

/** The settings that hold the promise, the best first. */
function ranked(settings: readonly SettingResult[], percentile: PromisedPercentile): Proven[] {
  return settings
    .flatMap((setting) => (setting.best === undefined ? [] : [{ ...setting, best: setting.best }]))
    .sort(
      (a, b) =>
        (sameCapacity(a, b) ? 0 : b.best.rowsPerS - a.best.rowsPerS) ||
        upperEnd(a.best, percentile) - upperEnd(b.best, percentile),
    );
}

/** Saturations closer than this are the same: the closed pass is one short run. */
const SAME_SATURATION = 0.1;

/**
 * Of the settings that the promised percentile cannot tell apart from the best, the one with the most in reserve: the
 * highest saturation, and where that is the same too, the one that the scenario names first, its simplest.
 */
function mostReserve(
  [best, ...others]: readonly Proven[],
  settings: readonly SettingResult[],
  percentile: PromisedPercentile,
): Proven | undefined {
  if (best === undefined) return undefined;
  const tied = [best, ...others.filter((one) => sameCapacity(one, best) && overlap(one, best, percentile))];
  if (tied.some(({ saturation }) => saturation === undefined)) return best;
  const most = Math.max(...tied.map(saturationRows));
  const near = tied.filter((one) => saturationRows(one) >= (1 - SAME_SATURATION) * most);
  const place = (one: Proven) => settings.findIndex(({ axes }) => axes === one.axes);
  return near.sort((a, b) => place(a) - place(b))[0];
}

function saturationRows({ saturation }: Proven): number {
  return saturation?.throughput.rowsPerS ?? 0;
}

/** The same rate, but for the last bits of rows per request. */
function sameCapacity(a: Proven, b: Proven): boolean {
  return Math.abs(a.best.rowsPerS / b.best.rowsPerS - 1) < 0.001;
}

function winnerAnswer(told: Told, proven: readonly Proven[]): Answer {
  const { winner, slo, words, settings } = told;
  const percentile = promisedPercentile(slo);
  const ties = proven.filter(
    (other) => other !== winner && sameCapacity(other, winner) && overlap(other, winner, percentile),
  );
  const holds = holdsSentence(told);
  const single = settings.length === 1;
  const as =
    ties.length === 0
      ? ''
      : `; ${listWords(ties.map(({ axes }) => words(axes)))} ${ties.length === 1 ? 'does' : 'do'} as well`;
  return {
    ...settled(told),
    status: ties.length > 0 ? 'tie' : 'recommended',
    sentence: single ? holds : `${serveItWith(words(winner.axes))}${as}.`,
    details: [
      ...(single ? [] : [holds]),
      ...(ties.length === 0
        ? []
        : [tieSentence([winner, ...ties], percentile), ...reserveSentences(winner, ties)]),
      ...whySentences(told),
      ...unprovenSentences(told),
      bracketSentence(told),
      ...costSentences(winner.best),
    ],
    ties: ties.map(({ axes }) => ({ ...axes })),
  };
}

function overlap(a: Proven, b: Proven, percentile: PromisedPercentile): boolean {
  const [first, second] = [evidenceOf(a.best, percentile), evidenceOf(b.best, percentile)];
  // What cannot be compared is not shown to differ.
  if (isMissing(first) || isMissing(second)) return true;
  return (
    first.low <= (second.high ?? Number.POSITIVE_INFINITY) &&
    second.low <= (first.high ?? Number.POSITIVE_INFINITY)
  );
}

function tieSentence(tied: readonly [Proven, ...Proven[]], percentile: PromisedPercentile): string {
  const [winner] = tied;
  const intervals = tied.map(({ best }) => {
    const evidence = evidenceOf(best, percentile);
    return isMissing(evidence) ? 'unknown' : formatMsInterval(evidence.low, evidence.high);
  });
  const rate = formatRate(winner.best.requestsPerS);
  return `Their ${percentile} intervals at ${rate} overlap (${listWords(intervals)}): this run cannot tell them apart.`;
}

/** Why this one of those that tie, where its saturation says so. */
function reserveSentences(winner: Proven, ties: readonly Proven[]): string[] {
  const ours = saturationRows(winner);
  if (ties.every((one) => saturationRows(one) >= (1 - SAME_SATURATION) * ours)) return [];
  const theirs = Math.min(...ties.map(saturationRows));
  return [
    `It has more in reserve: without a promise it completed ${formatRate(ours)}, the least of the others ${formatRate(theirs)}.`,
  ];
}
