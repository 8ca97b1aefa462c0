import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

const REAL_TIME = 'test/**/*.real-time.test.ts';
const NOT_OURS = ['dist/**', 'node_modules/**', 'test/truth/**'];
const timeouts = { testTimeout: 30_000, hookTimeout: 60_000 };
/** Of the tests in a file that say that they may run at the same time: they start processes. */
const MOST_AT_ONCE = 3;

/**
 * Functions and small objects: no process, thread or socket is left behind, no setting of the process changed. They share
 * their workers, because starting one for each file takes longer than its tests.
 */
const UNITS = [
  'test/{bench,support}/**/*.test.ts',
  'test/harness/{commands,cost,gates,measure,protocols,record,scenario,search,statistics,terminal,workload}/**/*.test.ts',
  'test/harness/doctor/{findings,verdict}.test.ts',
  'test/harness/load/{loop-pacer,rate-law,replay,schedule}.test.ts',
  'test/harness/run/{cases,plan,trial}/**/*.test.ts',
  'test/harness/run/session/{check-all,open-pass,run-book}.test.ts',
  'test/harness/targets/{placement,statistics}.test.ts',
  'test/harness/transports/{grpc,grpc-*,hpack,http1-*,http2-*,opening}.test.ts',
  'test/reference-server/{api,cache,routing}/**/*.test.ts',
  'test/reference-server/execution/{batch-*,batcher,batcher-*,instance-pool,tensors}.test.ts',
  'test/reference-server/models/{folder-models,repository,text-proto,triton-config}.test.ts',
  'test/reference-server/operations/{concurrency,doorkeeper}.test.ts',
  'test/reports/{asked,bill,changes,html,report,spread}.test.ts',
];

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...timeouts,
          name: 'units',
          include: UNITS,
          exclude: [...NOT_OURS, REAL_TIME],
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...timeouts,
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [...NOT_OURS, REAL_TIME, ...UNITS],
          maxConcurrency: MOST_AT_ONCE,
          // Two cores: real processes under test must not be starved by a third worker.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Oracles of real time: after all others and one at a time, because they need the machine to themselves.
        test: {
          ...timeouts,
          name: 'real time',
          include: [REAL_TIME],
          exclude: NOT_OURS,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
