import type { Answer } from '../record/answer.ts';
import type { CaseRecord } from '../record/case-record.ts';
import type { DecideRecord, RunRecord } from '../record/run-record.ts';
import type { SearchRecord } from '../record/search-record.ts';
import { capitalized, formatCount, formatRate, joinRange, listWords } from '../record/wording.ts';
import type { Expression } from '../scenario/expression.ts';
import { NO_SETTING, type Proven, promiseWords, settled, type Told, type Words } from './answer-parts.ts';
import { costSentences, evidenceWords } from './holds.ts';
import { unfinished } from './no-winner.ts';
import { promisedPercentile, rowsPerRequestOf, type SettingResult, settingsOf } from './settings.ts';
import { whySentences } from './why.ts';
import { serveItWith } from './wording.ts';

/** A setting whose capacity was searched. */
interface Searched {
  readonly search: SearchRecord;
  /** Its verdict run; absent where no rate was worth one. */
  readonly setting: SettingResult | undefined;
  /** In rows/s, so that settings with other requests can be compared: from the estimate, else what is proven. */
  readonly low: number;
  readonly value: number;
  readonly high: number;
}

type ProvenSearch = Searched & { readonly setting: Proven };

/** What an answer is made from, where capacities were searched. */
export interface SearchedRun {
  readonly decide: DecideRecord;
  readonly cases: readonly CaseRecord[];
  readonly scenario: Pick<RunRecord['scenario'], 'plannedCases'>;
  readonly searches: readonly SearchRecord[];
}

/**
 * The answer of a search: each setting's capacity with its interval; of several settings the one of highest capacity,
 * with those that cannot be told from it. Only a capacity that a long run has proven is recommended.
 */
export function foundCapacity(
  { decide, cases, scenario, searches }: SearchedRun,
  slo: readonly Expression[],
  words: Words,
): Answer {
  const measured = searches.filter(({ found }) => found.end !== undefined).length;
  if (measured < searches.length || cases.length < scenario.plannedCases) {
    return stopped(searches, unfinished(cases.length, scenario.plannedCases));
  }
  const settings = settingsOf(cases, slo);
  const results = searches.map((search) => searchedOf(search, settings));
  const proven = results
    .filter((one): one is ProvenSearch => one.setting?.best !== undefined)
    .sort((a, b) => b.value - a.value);
  const [winner] = proven;
  if (winner === undefined) return nothingProven(results, slo, words);
  if (results.length > 1 && decide.recommend === undefined) return listed(results, slo, words);
  return winnerOf(winner, proven, { settings, slo, words });
}

function searchedOf(search: SearchRecord, settings: readonly SettingResult[]): Searched {
  const key = JSON.stringify(search.axes);
  const setting = settings.find(({ axes }) => JSON.stringify(axes) === key);
  const record = setting?.steps[0]?.record;
  const rows = record === undefined ? 1 : rowsPerRequestOf(record);
  const { estimate, provenPerS = 0 } = search.found;
  const {
    lowPerS = provenPerS,
    highPerS = Number.POSITIVE_INFINITY,
    requestsPerS = provenPerS,
  } = estimate ?? {};
  return { search, setting, low: lowPerS * rows, value: requestsPerS * rows, high: highPerS * rows };
}

/** An interrupted search says what it has found so far. */
function stopped(searches: readonly SearchRecord[], answer: Answer): Answer {
  const details = searches.flatMap(({ found: { highestPassPerS: held } }) =>
    held === undefined ? [] : [`So far probes held up to ${formatRate(held)}, which no long run has proven.`],
  );
  return { ...answer, details };
}

function winnerOf(winner: ProvenSearch, proven: readonly ProvenSearch[], run: Omit<Told, 'winner'>): Answer {
  const told: Told = { ...run, winner: winner.setting };
  const { slo, words, settings } = run;
  const ties = proven.filter((one) => one !== winner && one.high >= winner.low);
  const holds = holdsSentence(winner, slo);
  const tied = listWords(ties.map(({ search }) => words(search.axes)));
  const as = ties.length === 0 ? '' : `; ${tied} ${ties.length === 1 ? 'does' : 'do'} as well`;
  const single = proven.length === 1 && settings.length === 1;
  const { estimate, lowestBreachPerS } = winner.search.found;
  const base = settled(told);
  return {
    ...base,
    ...(base.capacity === undefined
      ? {}
      : {
          capacity: {
            ...base.capacity,
            ...(lowestBreachPerS === undefined ? {} : { brokenAtPerS: lowestBreachPerS }),
            ...(estimate === undefined ? {} : { found: endsOf(estimate) }),
          },
        }),
    status: ties.length > 0 ? 'tie' : 'recommended',
    sentence: single ? holds : `${serveItWith(words(winner.search.axes))}${as}.`,
    details: [
      ...(single ? [] : [holds]),
      ...(ties.length === 0 ? [] : [tieSentence([winner, ...ties])]),
      ...whySentences(told),
      endSentence(winner.search, slo),
      ...costSentences(winner.setting.best),
    ],
    ties: ties.map(({ search }) => ({ ...search.axes })),
  };
}

function endsOf({ requestsPerS, lowPerS, highPerS }: NonNullable<SearchRecord['found']['estimate']>) {
  return { requestsPerS, lowPerS, highPerS };
}

/** `It holds p99 < 50 ms up to 392 requests/s (90 % interval 383-402); proven at 375/s (p99 41 ms, 95 % interval 36-47).` */
function holdsSentence({ search, setting: { best } }: ProvenSearch, slo: readonly Expression[]): string {
  const { estimate } = search.found;
  const evidence = evidenceWords(best, promisedPercentile(slo));
  const promise = promiseWords(slo);
  if (estimate === undefined)
    return `It holds ${promise} at ${formatCount(best.requestsPerS)} requests/s${evidence}.`;
  return `It holds ${promise} up to ${formatCount(estimate.requestsPerS)} requests/s (90 % interval ${rangeOf(estimate)}); proven at ${formatRate(best.requestsPerS)}${evidence}.`;
}

function rangeOf({ lowPerS, highPerS }: { readonly lowPerS: number; readonly highPerS: number }): string {
  return joinRange(formatCount(lowPerS), formatCount(highPerS));
}

function tieSentence(tied: readonly ProvenSearch[]): string {
  const ranges = tied.map(({ low, high }) =>
    Number.isFinite(high) ? joinRange(formatCount(low), formatCount(high)) : `from ${formatCount(low)} up`,
  );
  return `The intervals of their capacities overlap (${listWords(ranges)} rows/s): this run cannot tell them apart.`;
}

/** Where the promise broke, and what ended the search. */
function endSentence(
  { found, precision, atMostMs, maxPerS }: SearchRecord,
  slo: readonly Expression[],
): string {
  const { end, broke = promiseWords(slo), highestPassPerS: held, lowestBreachPerS: broken } = found;
  const between =
    held === undefined || broken === undefined
      ? ''
      : `Probes at ${formatRate(held)} kept ${broke}, probes at ${formatRate(broken)} broke it`;
  switch (end) {
    case 'max-rate':
      return `${formatRate(maxPerS ?? held ?? 0)} is the highest rate that was allowed, so it may hold more.`;
    case 'client':
      return `The load generator was the limit above ${formatRate(held ?? 0)}, not the server: it may hold more.`;
    case 'unclear':
      return `Above ${formatRate(held ?? 0)} no probe could be believed; the table of probes says why.`;
    case 'time':
      return `${between === '' ? 'The search' : `${between}; the search`} ended after load.atMost (${atMostMs / 1000} s), before the interval was within ${precision * 100} %.`;
    default:
      return `${between}.`;
  }
}

function nothingProven(results: readonly Searched[], slo: readonly Expression[], words: Words): Answer {
  const subject = results.length === 1 ? 'it' : 'any setting';
  const everBroke = results.every(({ search }) => search.found.end === 'none-holds');
  const sentence = everBroke
    ? `${results.length === 1 ? 'It does not hold' : 'No setting holds'} ${promiseWords(slo)} at any rate that was tried.`
    : `This run cannot show that ${subject} holds ${promiseWords(slo)}.`;
  return {
    ...NO_SETTING,
    status: 'none-qualifies',
    sentence,
    details: results.map((one) => unprovenSentence(one, results.length === 1 ? '' : words(one.search.axes))),
  };
}

function unprovenSentence({ search }: Searched, name: string): string {
  const { end, broke, estimate, highestPassPerS: held, lowestBreachPerS: broken } = search.found;
  const whose = name === '' ? '' : `${capitalized(name)}: `;
  if (end === 'none-holds')
    return `${whose}${broke ?? 'the promise'} broke even at ${formatRate(broken ?? 0)}.`;
  const last = search.runs.at(-1);
  const why = last?.why === undefined ? '' : `: ${last.why}`;
  if (estimate === undefined) {
    return held === undefined
      ? `${whose}no probe could be believed${why}.`
      : `${whose}probes held up to ${formatRate(held)}, but no long run proved it${why}.`;
  }
  return `${whose}probes put the capacity at ${formatRate(estimate.requestsPerS)} (${rangeOf(estimate)}), but no long run proved it${why}.`;
}

/** No recommendation is asked for: every setting's capacity. */
function listed(results: readonly Searched[], slo: readonly Expression[], words: Words): Answer {
  const sorted = [...results].sort((a, b) => b.value - a.value);
  const [most, least] = [sorted[0], sorted.at(-1)];
  const name = (one: Searched | undefined) => (one === undefined ? '' : words(one.search.axes));
  return {
    ...NO_SETTING,
    status: 'not-asked',
    sentence: `It holds ${promiseWords(slo)} up to ${formatRate(most?.value ?? 0)} with ${name(most)} and ${formatRate(least?.value ?? 0)} with ${name(least)}.`,
    details: sorted.map((one) =>
      one.setting?.best === undefined
        ? unprovenSentence(one, name(one))
        : `${capitalized(name(one))}: ${holdsSentence({ ...one, setting: { ...one.setting, best: one.setting.best } }, slo)}`,
    ),
  };
}
