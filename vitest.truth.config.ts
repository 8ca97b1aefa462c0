import { defineConfig } from 'vitest/config';

/** The long real-time oracles: `npm run test:truth`, one at a time, on a machine with nothing else to do. */
export default defineConfig({
  test: {
    include: ['test/truth/**/*.test.ts'],
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 60_000,
  },
});
