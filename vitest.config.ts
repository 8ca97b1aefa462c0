import { defineConfig } from 'vitest/config';

const REAL_TIME = 'test/**/*.real-time.test.ts';
const NOT_OURS = ['dist/**', 'node_modules/**', 'test/truth/**'];
const timeouts = { testTimeout: 30_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...timeouts,
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: [...NOT_OURS, REAL_TIME],
          // Two cores: real processes under test must not be starved by a third worker.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
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
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
