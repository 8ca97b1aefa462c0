import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chooseVersions,
  compareVersions,
  isVersion,
} from '../../../reference-server/models/version-policy.ts';

describe('chooseVersions', () => {
  const available = ['10', '2', '1', '9'];

  test.each([
    [{ latest: 1 }, ['10'], []],
    [{ latest: 2 }, ['9', '10'], []],
    [{ latest: 9 }, ['1', '2', '9', '10'], []],
    ['all', ['1', '2', '9', '10'], []],
    [{ specific: ['2', '8', '10'] }, ['2', '10'], ['8']],
  ] as const)('%j', (policy, versions, missing) => {
    expect(chooseVersions(policy, available)).toEqual({ versions, missing });
  });

  test('nothing there, nothing chosen', () => {
    expect(chooseVersions({ latest: 1 }, [])).toEqual({ versions: [], missing: [] });
    expect(chooseVersions('all', [])).toEqual({ versions: [], missing: [] });
  });
});

test('versions compare as the whole numbers that they are, however large', () => {
  const number = fc.bigInt({ min: 1n, max: 10n ** 30n });
  fc.assert(
    fc.property(number, number, (a, b) => {
      const order = compareVersions(String(a), String(b));
      expect(Math.sign(order)).toBe(a < b ? -1 : Number(a > b));
    }),
  );
});

test('a version is a number from 1 without leading zeros', () => {
  expect(['1', '20', '90071992547409931'].every(isVersion)).toBe(true);
  expect(['0', '01', '1.0', 'v1', '', ' 1', '-1'].some(isVersion)).toBe(false);
});
