import type { ClassRecording } from '../../measure/class-recorder.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import type { Distribution } from '../../record/figures.ts';
import type { WorkloadSpec } from '../../scenario/workload-spec.ts';
import { Buckets } from '../../statistics/buckets.ts';
import { ALL, classesOf } from '../../workload/create-workload.ts';
import { type PayloadFacts, payloadFacts } from '../../workload/payload-facts.ts';
import type { LoadResult } from '../load-engine.ts';
import { payloadStreams } from '../requests/request-plan.ts';
import { addCounts, mergeEncoded, type PooledFacts } from '../results/pooled-facts.ts';

type ClassRecords = CaseRecord['classes'];

/** Every class of a case: its counts and its own percentiles. Without a mix: one, which is the whole. */
export function classRecords(
  pooled: PooledFacts,
  whole: Distribution,
  distributionOf: (response: Buckets, censored: number) => Distribution,
): ClassRecords {
  const recorded = pooled.results.map(({ classes }) => classes);
  const names = Object.keys(recorded[0] ?? {});
  if (names.length === 0) return { [ALL]: { counts: pooled.counts, rows: pooled.rows, responseMs: whole } };
  return Object.fromEntries(
    names.map((name) => {
      const parts = recorded.flatMap((classes) => classes?.[name] ?? []);
      return [name, classRecord(parts, pooled.durationS, distributionOf)];
    }),
  );
}

function classRecord(
  parts: readonly ClassRecording[],
  durationS: number,
  distributionOf: (response: Buckets, censored: number) => Distribution,
): ClassRecords[string] {
  const counts = addCounts(parts.map((part) => part.counts));
  const response = Buckets.decode(mergeEncoded(parts.map((part) => part.response)));
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  return {
    counts,
    warmupCounts: addCounts(parts.map((part) => part.warmupCounts)),
    rows,
    responseMs: distributionOf(response, counts.timedOut + counts.inFlightAtEnd + counts.unsent),
    ...(durationS > 0 ? { okPerS: counts.ok / durationS, rowsPerS: rows / durationS } : {}),
  };
}

/** The payloads of one trial, by class. Undefined for an engine that does not tell how many there are. */
export function payloadsOfTrial(
  spec: WorkloadSpec,
  seed: number,
  results: readonly LoadResult[],
): readonly PayloadFacts[] | undefined {
  const keys = results[0]?.payloadKeys;
  if (keys === undefined) return undefined;
  const warmup = addCounts(results.map(({ warmupCounts }) => warmupCounts)).scheduled;
  const measured = addCounts(results.map(({ counts }) => counts)).scheduled;
  return payloadFacts(spec, { keys, warmup, measured }, payloadStreams(seed));
}

/** Adds to each class what it is and how often its payloads came again, over all trials. */
export function withPayloads(
  classes: ClassRecords,
  spec: WorkloadSpec,
  trials: readonly (readonly PayloadFacts[] | undefined)[],
): ClassRecords {
  return Object.fromEntries(
    classesOf(spec).flatMap(({ name, share, model }, position) => {
      const record = classes[name];
      if (record === undefined) return [];
      const asked = trials.flatMap((trial) => trial?.[position] ?? []);
      return [
        [
          name,
          {
            ...record,
            ...(name === ALL ? {} : { share }),
            ...(model === undefined ? {} : { model }),
            ...(asked.length === 0 ? {} : { payloads: payloadRecord(asked) }),
          },
        ],
      ];
    }),
  );
}

function payloadRecord(trials: readonly PayloadFacts[]): NonNullable<ClassRecords[string]['payloads']> {
  const sum = (pick: (facts: PayloadFacts) => number) => trials.reduce((total, one) => total + pick(one), 0);
  const requests = sum((one) => one.requests);
  const share = (count: number) => (requests === 0 ? 0 : count / requests);
  return {
    requests,
    different: sum((one) => one.different),
    repeatShare: share(sum((one) => one.repeats)),
    expectedRepeatShare: share(sum((one) => one.expectedRepeats)),
    topShare: trials[0]?.topShare ?? 0,
  };
}
