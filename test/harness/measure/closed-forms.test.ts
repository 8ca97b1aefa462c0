import { describe, it } from 'vitest';
import { expectClosedForms } from '../../support/closed-forms.ts';

/** 10^7 customers, and a hundredth part of the error, are in test/truth. */
describe('schedule, queue and recorder on a virtual clock give what queueing theory says', () => {
  it.each(['M/M/1', 'M/D/1', 'M/G/1'] as const)('%s at utilisation 0.5', (name) => {
    expectClosedForms(name, 0.5, 300_000, 0.04);
  });
});
