import type { LoadSpec } from './scenario.ts';

/** The label of the closed pass on the load axis. */
export const SATURATION = 'saturation';

/** 0.4 -> `40%`. */
export function fractionLabel(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(12))}%`;
}

/** 200 -> `200/s`. */
export function rateLabel(requestsPerS: number): string {
  return `${Number(requestsPerS.toPrecision(6))}/s`;
}

/** Labels of the load axis in the order in which the cases are reported. */
export function loadLabels(load: LoadSpec): string[] {
  const closed = load.closed === undefined ? [] : [SATURATION];
  if (load.open === undefined) return closed;
  return load.open.kind === 'ladder'
    ? [...closed, ...load.open.fractions.map(fractionLabel)]
    : [...closed, rateLabel(load.open.requestsPerS)];
}
