import { describe, expect, it } from 'vitest';
import { parseDistribution } from '../../../harness/workload/distribution.ts';

describe('parseDistribution', () => {
  it.each([
    ['normal(0, 1)', { kind: 'normal', mean: 0, deviation: 1 }],
    [' uniform( -1.5 ,2e3 ) ', { kind: 'uniform', from: -1.5, to: 2000 }],
    ['ints(0, 30521)', { kind: 'ints', from: 0, to: 30521 }],
    ['ints(7, 7)', { kind: 'ints', from: 7, to: 7 }],
    ['constant(0.5)', { kind: 'constant', value: 0.5 }],
  ])('reads %s', (text, expected) => {
    expect(parseDistribution(text)).toEqual(expected);
  });

  it.each([
    '',
    'normal',
    'normal()',
    'normal(0)',
    'normal(0, 0)',
    'normal(0, -1)',
    'uniform(1, 1)',
    'uniform(0, 1, 2)',
    'uniform(0, Infinity)',
    'ints(0, 1.5)',
    'ints(3, 2)',
    'constant(a)',
    'constant(1, 2)',
    'constant()',
    'Normal(0, 1)',
    'zipf(1, 2)',
    'normal(0, 1) x',
  ])('refuses %s', (text) => {
    expect(parseDistribution(text)).toBeUndefined();
  });
});
