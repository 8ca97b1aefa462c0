import { expect, test } from 'vitest';
import type { LoadEngine, LoadResult } from '../../../../harness/run/load-engine.ts';
import { driveTrial } from '../../../../harness/run/trial/trial.ts';
import type { RunningTarget } from '../../../../harness/targets/target.ts';
import { assignment } from '../../../support/assignment.ts';

const NEVER = new AbortController().signal;

test('a load that ends in its warm-up keeps nobody waiting for the measure phase', async () => {
  const statistics = { inferences: 1 };
  const target = {
    died: new Promise<string>(() => {}),
    statistics: async () => statistics,
  } as unknown as RunningTarget;
  const engine: LoadEngine = {
    name: 'ends at once',
    run: async (_, { onStart }) => {
      const inAMinuteMs = Number(process.hrtime.bigint()) / 1e6 + 60_000;
      onStart({ warmupAtMs: 0, measureAtMs: inAMinuteMs, measureEndAtMs: inAMinuteMs });
      return {} as LoadResult;
    },
  };
  const facts = await driveTrial({
    target,
    engine,
    assignment: assignment('http://127.0.0.1:1'),
    drain: NEVER,
    cancel: NEVER,
    onProgress: () => {},
  });
  expect(facts.measured).toEqual({ missing: 'the measure phase never began' });
  expect(facts.whole).toEqual({ before: statistics, after: statistics });
});
