import { spawnSync } from 'node:child_process';
import { packageFile } from '../../harness/package-files.ts';
import type { RowResult } from './bench-result.ts';
import type { BenchOptions } from './duel-rows.ts';
import type { RecorderCost } from './recorder-cost.ts';
import { isReached, spreadOf } from './round-statistics.ts';

/** Collections would hide garbage: room for all of it. */
const NODE_FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];

/** All histograms, counters and the window of one request. */
export function recorderRows({ rounds, cores, tell }: BenchOptions): RowResult[] {
  const script = packageFile('dist', 'test', 'bench', 'recorder-cost.js');
  const args = ['-c', String(cores.client), process.execPath, ...NODE_FLAGS, script, String(rounds)];
  const run = spawnSync('taskset', args, { encoding: 'utf8' });
  const { us, bytes } = JSON.parse(run.stdout) as RecorderCost;
  tell(`recording a request: ${us.map((value) => value.toFixed(3)).join(', ')} us`);
  const what = 'recording one request';
  const time = { row: 10, what, against: 'time', unit: 'us', reach: { atMost: 0.3 } } as const;
  // Windows are encoded when they roll over, some kilobytes a second; one byte a request leaves no room for an object.
  const heap = {
    row: 10,
    what,
    against: 'heap growth a request',
    unit: 'bytes',
    reach: { atMost: 1 },
  } as const;
  return [
    { ...time, found: spreadOf(us), reached: isReached(time.reach, spreadOf(us)) },
    { ...heap, found: spreadOf(bytes), reached: isReached(heap.reach, spreadOf(bytes)) },
  ];
}
