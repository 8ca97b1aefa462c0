import { type CaseRecord, SERVER_SAID } from '../record/case-record.ts';
import { notice } from '../record/notices.ts';
import type { NoticeRecord, RunRecord } from '../record/run-record.ts';
import { withoutLoad } from '../record/settings.ts';
import { stretchesOf } from '../record/stretches.ts';
import { countOf, formatCount, formatNumber, formatRate, listWords } from '../record/wording.ts';
import { settingWords } from './wording.ts';

/** More cases than this are told together. */
const MOST_CASES = 3;
/** Failures within less of the measure phase than this came of a time, not of the rate. */
const PASSING_SHARE = 0.7;

/** How many requests failed: in which cases, why as far as the record shows, how they ended, what the server said. */
export function failedRequests({ cases, scenario }: Pick<RunRecord, 'cases' | 'scenario'>): NoticeRecord[] {
  const failing = cases.filter((one) => failedIn(one) > 0).sort((a, b) => failedIn(b) - failedIn(a));
  if (failing.length === 0) return [];
  const told = failing.slice(0, MOST_CASES).map((one) => {
    const where = settingWords(withoutLoad(one.axes), scenario.axes);
    return `${share(one)}${where === '' ? '' : ` with ${where}`} ${loadWords(one)}${whyWords(one, cases)}`;
  });
  const others = failing.slice(MOST_CASES);
  const more =
    others.length === 0 ? [] : [`and ${formatCount(sum(others))} in ${countOf(others.length, 'more case')}`];
  const params = {
    failed: sum(failing),
    cases: [...told, ...more].join('; '),
    outcomes: outcomeWords(failing),
  };
  return [
    notice(
      'failed-requests',
      params,
      failing.map(({ id }) => id),
    ),
  ];
}

function failedIn({ counts }: CaseRecord): number {
  return counts.failed + counts.timedOut;
}

function sum(cases: readonly CaseRecord[]): number {
  return cases.reduce((total, one) => total + failedIn(one), 0);
}

function share(one: CaseRecord): string {
  return `${formatCount(failedIn(one))} of ${formatCount(one.counts.scheduled)}`;
}

function loadWords({ load }: CaseRecord): string {
  return load.resolvedRate === undefined ? `with load ${load.label}` : `at ${formatRate(load.resolvedRate)}`;
}

/** In parentheses, the first that the record shows: more than the setting carries, a change, a passing time. */
function whyWords(one: CaseRecord, cases: readonly CaseRecord[]): string {
  const { resolvedRate = 0 } = one.load;
  const carries = saturationOf(one, cases);
  if (carries !== undefined && resolvedRate > carries)
    return ` (more than the ${formatRate(carries)} that it completes at saturation)`;
  const after = changeBefore(one);
  if (after !== undefined) return ` (the most of them after ${after})`;
  const when = passingTime(one);
  if (when !== undefined) return ` (all ${when})`;
  return one.credibility.status === 'overloaded'
    ? ` (it answered ${formatRate(one.throughput.requestsPerS)})`
    : '';
}

/** Requests per second of the same setting's closed pass. */
function saturationOf({ axes }: CaseRecord, cases: readonly CaseRecord[]): number | undefined {
  // Settings that differ in their open load alone share a closed pass.
  const closed = cases.find(
    (other) =>
      other.load.shape === 'closed' &&
      Object.entries(withoutLoad(other.axes)).every(([name, label]) => axes[name] === label),
  );
  return closed?.throughput.requestsPerS;
}

/** The change of the target after which most of them failed. */
function changeBefore(one: CaseRecord): string | undefined {
  const most = stretchesOf(one).reduce((worst, stretch) => (stretch.notOk > worst.notOk ? stretch : worst));
  const [change] = most.changes;
  return most.notOk === 0 || change === undefined ? undefined : `${change.what} at ${seconds(change.atS)} s`;
}

/** `within 0-2 s of 4 s`, where the failures came and went. */
function passingTime({ windows, durationS }: CaseRecord): string | undefined {
  const failing = windows.filter(({ phase, notOk }) => phase !== 'warmup' && notOk > 0);
  const [first, last] = [failing[0], failing.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const endS = last.startS + last.durationS;
  if (last.phase === 'drain' || endS - first.startS > PASSING_SHARE * durationS) return undefined;
  return `within ${seconds(first.startS)}-${seconds(endS)} s of ${seconds(durationS)} s`;
}

function seconds(value: number): string {
  return formatNumber(Number(value.toFixed(1)));
}

/** `They ended as http-5xx ("HTTP 503: the queue is full")`, the most frequent outcome first. */
function outcomeWords(cases: readonly CaseRecord[]): string {
  const counts = new Map<string, number>();
  for (const { counts: own } of cases) {
    for (const [outcome, count] of Object.entries(own.byOutcome)) {
      if (outcome === 'ok' || outcome === 'cancelled' || count === 0) continue;
      counts.set(outcome, (counts.get(outcome) ?? 0) + count);
    }
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const told = sorted.map(([outcome, count]) => {
    const quote = quoteOf(outcome, cases);
    const name = sorted.length === 1 ? outcome : `${formatCount(count)} as ${outcome}`;
    return quote === undefined ? name : `${name} ("${quote}")`;
  });
  return sorted.length === 1 ? `They ended as ${told[0]}` : `They ended: ${listWords(told)}`;
}

/** What the server said about one of them. */
function quoteOf(outcome: string, cases: readonly CaseRecord[]): string | undefined {
  const begins = `${SERVER_SAID}${outcome}: `;
  const said = cases.flatMap(({ events }) => events).find(({ message }) => message.startsWith(begins));
  return said?.message.slice(begins.length);
}
