import type { RowResult } from './bench-result.ts';
import { startSink } from './bench-target.ts';
import type { BenchOptions } from './duel-rows.ts';
import { memoryRun } from './memory-run.ts';
import { isReached, spreadOf } from './round-statistics.ts';

const FIRST = 10_000;
export const MOST_GROWTH = 1.1;

/** Resident memory of the generator's process in one run: after 10,000 requests, and after `requests`. */
export async function memoryRows({ cores, tell }: BenchOptions, requests: number): Promise<RowResult[]> {
  const row = {
    row: 11,
    what: `resident memory, ${FIRST.toExponential(0)} and ${requests.toExponential(0)} requests`,
    against: 'itself',
    unit: 'times',
    reach: { atMost: MOST_GROWTH },
  } as const;
  const target = await startSink(cores.server, 64);
  if ('missing' in target) return [{ ...row, found: undefined, reached: undefined, note: target.missing }];
  const run = await memoryRun(target, cores.client, requests);
  await target.stop();
  const early = run.samples.find((sample) => sample.requests >= FIRST);
  const late = run.samples.at(-1);
  if (early === undefined || late === undefined || run.says.ok !== run.requests) {
    const note = `${run.says.ok} of ${run.requests} requests were answered well`;
    return [{ ...row, found: undefined, reached: undefined, note }];
  }
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  const note = `${mib(early.bytes)} MiB after ${early.requests}, ${mib(late.bytes)} MiB after ${late.requests} requests`;
  tell(`memory: ${note}, ${run.tookS.toFixed(0)} s`);
  const found = spreadOf([late.bytes / early.bytes]);
  return [{ ...row, found, reached: isReached(row.reach, found), note }];
}
