import { isDeepStrictEqual } from 'node:util';
import { loadPriceBook } from '../cost/load-price-book.ts';
import { expressionsOf, recommend } from '../gates/recommend.ts';
import { promisedPercentile } from '../gates/settings.ts';
import type { CaseRecord } from '../record/case-record.ts';
import { notice } from '../record/notices.ts';
import type { RunRecord } from '../record/run-record.ts';
import { GENERATOR_CAUSES } from './cases/case-judgement.ts';
import { type CaseMeasurement, summariseCase } from './cases/case-summary.ts';
import { withDecisions } from './cases/decisions.ts';
import { noRawLog, type RawLogOnDisk, rawLogsOf } from './raw-log/raw-log-on-disk.ts';
import { replayTogether } from './raw-log/replay.ts';

export interface Rebuilt {
  /** The run's record with every case that has raw logs summarised, judged, gated and priced anew from them. */
  readonly record: RunRecord;
  readonly requests: number;
  /** Logs that lack requests, and cases without logs; one sentence each. */
  readonly gaps: readonly string[];
  /** Where the rebuilt figures are not those of the record, though the logs are whole: `<case>: counts`. */
  readonly differences: readonly string[];
}

/**
 * Makes a run's figures again from its raw logs. What is not about single requests (the server's own statistics, probes,
 * the scenario) stays as recorded. Throws UsageError where there are no logs.
 */
export function rebuild(record: RunRecord, runFolder: string): Rebuilt {
  const logs = rawLogsOf(runFolder);
  if (logs.length === 0) throw noRawLog(runFolder);
  const gaps = [...logs.flatMap(gapSentence), ...casesWithout(record, logs)];
  const cases = record.cases.map((one) => rebuiltCase(one, record, logs));
  const rebuilt = { ...record, cases };
  return {
    record: {
      ...rebuilt,
      notices: gaps.length === 0 ? record.notices : [notice('raw-log-gap', { gaps }), ...record.notices],
      answer: recommend(rebuilt),
    },
    requests: logs.reduce((sum, { rows }) => sum + rows, 0),
    gaps,
    differences: gaps.length > 0 ? [] : cases.flatMap((one, index) => differences(record.cases[index], one)),
  };
}

function gapSentence({ path, gap }: RawLogOnDisk): string[] {
  return gap === undefined ? [] : [`${path}.rows: ${gap}`];
}

function casesWithout({ cases }: RunRecord, logs: readonly RawLogOnDisk[]): string[] {
  return cases
    .filter(({ id, trials }) => trials.some(({ index }) => !areAll(logsOf(logs, id, index))))
    .map(({ id }) => `${id} lacks the log of a trial or of a generator, so it stays as recorded`);
}

function logsOf(logs: readonly RawLogOnDisk[], caseId: string, trial: number): RawLogOnDisk[] {
  return logs.filter(({ head }) => head.caseId === caseId && head.trial === trial);
}

function areAll(logs: readonly RawLogOnDisk[]): boolean {
  return logs.length > 0 && logs.length === logs[0]?.head.generators;
}

function rebuiltCase(one: CaseRecord, head: RunRecord, logs: readonly RawLogOnDisk[]): CaseRecord {
  const logsOfTrials = one.trials.map(({ index }) => logsOf(logs, one.id, index));
  if (!logsOfTrials.every(areAll)) return one;
  const trials = one.trials.map(({ startedAt, stopped }, at) => {
    const result = replayTogether(logsOfTrials[at] ?? []);
    return { startedAt, results: [stopped === undefined ? result : { ...result, stopped }] };
  });
  const measured = summariseCase({
    trials,
    load: one.load,
    headline: promisedPercentile(expressionsOf(head.decide.slo)),
    causes: one.credibility.causes?.filter(({ id }) => !GENERATOR_CAUSES.includes(id)) ?? [],
    changed: one.changes !== undefined,
  });
  const classes = classesAgain(one.classes, measured.classes);
  return withDecisions({ ...one, ...measured, classes }, head, loadPriceBook());
}

/** What the scenario says of a class stays as recorded. */
function classesAgain(
  recorded: CaseRecord['classes'],
  measured: CaseRecord['classes'],
): CaseRecord['classes'] {
  return Object.fromEntries(
    Object.entries(measured).map(([name, figures]) => [name, { ...recorded[name], ...figures }]),
  );
}

const MEASURED: readonly (keyof CaseMeasurement)[] = [
  'counts',
  'staleness',
  'warmupCounts',
  'rows',
  'durationS',
  'histograms',
  'latencyMs',
  'designEffect',
  'throughput',
  'windows',
  'steady',
  'littlesLaw',
  'bugCounters',
  'credibility',
  'trials',
  'classes',
  'events',
];

function differences(recorded: CaseRecord | undefined, rebuilt: CaseRecord): string[] {
  // Through JSON, as the recorded one went: what is undefined is not there.
  const again: CaseRecord = JSON.parse(JSON.stringify(rebuilt));
  return MEASURED.filter((field) => !isDeepStrictEqual(recorded?.[field], again[field])).map(
    (field) => `${rebuilt.id}: ${field}`,
  );
}
