import { expect, it } from 'vitest';
import { judgedRun } from '../support/judged-run.ts';

it('a quiet run at a low rate is valid 19 times of 20', async () => {
  const found: string[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const load = { shape: 'open', arrivals: 'poisson', requestsPerS: 150 } as const;
    const timing = { warmupMs: 500, durationMs: 4000, windowMs: 250 };
    const law = { kind: 'constant', delayMs: 5 } as const;
    const { status, reasons } = await judgedRun(law, { ...timing, load, seed }, 'p95');
    found.push(status === 'valid' ? status : `${status}: ${reasons.map(({ id }) => id).join()}`);
  }
  expect(found.filter((status) => status === 'valid').length, found.join('\n')).toBeGreaterThanOrEqual(19);
});
