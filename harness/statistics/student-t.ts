const EXACT: Readonly<Record<number, readonly number[]>> = {
  0.95: [6.3138, 2.92, 2.3534, 2.1318],
  0.975: [12.7062, 4.3027, 3.1824, 2.7764],
  0.99: [31.8205, 6.9646, 4.5407, 3.7469],
};
const NORMAL: Readonly<Record<number, number>> = { 0.95: 1.644854, 0.975: 1.959964, 0.99: 2.326348 };

export type TailProbability = 0.95 | 0.975 | 0.99;

/**
 * Student's t quantile: a table up to 4 degrees of freedom, from there the Cornish-Fisher expansion around the normal
 * quantile (Abramowitz and Stegun 26.7.5), within 0.3 %.
 */
export function studentT(probability: TailProbability, degrees: number): number {
  const exact = EXACT[probability]?.[Math.floor(degrees) - 1];
  if (exact !== undefined) return exact;
  const z = NORMAL[probability] ?? 0;
  const g1 = (z ** 3 + z) / 4;
  const g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + g1 / degrees + g2 / degrees ** 2 + g3 / degrees ** 3;
}
