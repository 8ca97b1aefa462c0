import { defineConfig } from 'vitest/config';

const timeouts = { testTimeout: 600_000, hookTimeout: 60_000 };
/** Oracles of the clock: a neighbour on the machine would change what they see. */
const CLOCKS = ['test/truth/{capacity,credibility,queues,quiet-runs}.test.ts'];

/**
 * The long oracles, `npm run test:truth`, on a machine with nothing else to do: first those that count, two files at a
 * time on two cores, then those of the clock, one at a time.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...timeouts,
          name: 'counts',
          include: ['test/truth/**/*.test.ts'],
          exclude: CLOCKS,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...timeouts,
          name: 'clocks',
          include: CLOCKS,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
