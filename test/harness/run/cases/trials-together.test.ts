import { expect, test } from 'vitest';
import { utilizationTogether } from '../../../../harness/run/cases/trials-together.ts';

const use = (serverCpuCores: number, durationS: number, serverRssMiB = 100) => ({
  utilization: {
    serverCpuCores,
    serverRssMiB,
    generatorCpuCores: 0.1,
    gpu: { missing: 'no GPU' },
  },
  durationS,
});

test('cores are weighted by the lengths of the trials, memory is the highest', () => {
  const together = utilizationTogether([use(1, 4, 90), use(0.5, 1, 120)]);
  expect(together.serverCpuCores).toBeCloseTo((1 * 4 + 0.5 * 1) / 5, 6);
  expect(together.serverRssMiB).toBe(120);
  expect(together.gpu).toEqual({ missing: 'no GPU' });
});

test('what one trial lacks is missing, and a single trial is itself', () => {
  const one = use(1, 4);
  expect(utilizationTogether([one])).toBe(one.utilization);
  const gap = {
    ...use(1, 4),
    utilization: { ...use(1, 4).utilization, serverCpuCores: { missing: 'gone' } },
  };
  expect(utilizationTogether([one, gap]).serverCpuCores).toEqual({ missing: 'gone' });
});
