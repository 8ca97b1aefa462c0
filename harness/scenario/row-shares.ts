import { parseDistribution } from './distribution.ts';
import { isProblem, parsePercentage, type Reading, show } from './quantities.ts';
import type { RowShare } from './workload-spec.ts';

const MOST_ROWS = 65_536;
const MOST_CHOICES = 1024;
const FORMS = 'as in rows: 1, rows: ints(1, 8), or rows: { 1: 80%, 8: 20% }';

/** `8`, `ints(1, 8)` or `{ 1: 80%, 8: 20% }`. */
export function parseRowShares(found: unknown): Reading<number | readonly RowShare[]> {
  if (isRows(found)) return { value: found };
  if (typeof found === 'object' && found !== null) return weighted(found, found);
  const drawn = typeof found === 'string' ? parseDistribution(found) : { problem: '' };
  if (isProblem(drawn) || drawn.value.kind !== 'ints') {
    return {
      problem: `found ${show(found)}; allowed: a whole number from 1 to ${MOST_ROWS}, or how they are drawn`,
      advice: meant(found) ?? FORMS,
    };
  }
  const { a: from, b: to } = drawn.value;
  const choices = to - from + 1;
  if (from < 1 || to > MOST_ROWS || choices > MOST_CHOICES) {
    return {
      problem: `found ${show(found)}; allowed: from 1 to ${MOST_ROWS}, at most ${MOST_CHOICES} different numbers`,
      advice: FORMS,
    };
  }
  return { value: Array.from({ length: choices }, (_, at) => ({ rows: from + at, share: 1 / choices })) };
}

/** `8 rows` */
function meant(found: unknown): string | undefined {
  const number = typeof found === 'string' ? /^\d+(?=\s*rows?$)/.exec(found)?.[0] : undefined;
  return number === undefined ? undefined : `write ${number}`;
}

function isRows(found: unknown): found is number {
  return Number.isInteger(found) && Number(found) >= 1 && Number(found) <= MOST_ROWS;
}

function weighted(shares: object, found: unknown): Reading<readonly RowShare[]> {
  const choices: RowShare[] = [];
  for (const [written, weight] of Object.entries(shares)) {
    const share = parsePercentage(weight);
    if (isProblem(share)) return share;
    if (!isRows(Number(written)) || share.value <= 0) {
      return { problem: `found ${show(found)}; it is numbers of rows with their shares`, advice: FORMS };
    }
    choices.push({ rows: Number(written), share: share.value });
  }
  const problem = notWhole(choices.map(({ share }) => share));
  return problem === undefined ? { value: choices } : { problem, advice: FORMS };
}

/** Why these shares are no distribution; undefined where they sum to 1. */
export function notWhole(shares: readonly number[]): string | undefined {
  const sum = shares.reduce((total, share) => total + share, 0);
  return Math.abs(sum - 1) < 1e-6
    ? undefined
    : `the shares sum to ${Number((sum * 100).toPrecision(6))}%, not to 100%`;
}
