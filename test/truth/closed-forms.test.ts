import { it } from 'vitest';
import { expectClosedForms } from '../support/closed-forms.ts';

it.each([
  ['M/M/1', 0.5, 0.005],
  ['M/M/1', 0.8, 0.015],
  ['M/M/1', 0.9, 0.03],
  ['M/D/1', 0.8, 0.01],
  ['M/G/1', 0.8, 0.02],
] as const)(
  '%s at utilisation %d: 10^7 customers on a virtual clock, within %d of its closed form',
  { timeout: 120_000 },
  (name, utilization, within) => expectClosedForms(name, utilization, 10_000_000, within),
);
