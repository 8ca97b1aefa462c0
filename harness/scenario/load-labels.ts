import type { Arrivals, LoadSpec } from './load-spec.ts';
import { fractionLabel, hasShares, rateLabel } from './rate-law.ts';

/** The label of the closed pass on the load axis. */
export const SATURATION = 'saturation';

/** The label of the run that proves what a search has found. */
export const CAPACITY = 'capacity';

/** `even`, `poisson`, `gamma(2)`. */
export function arrivalsLabel(arrivals: Arrivals): string {
  return typeof arrivals === 'string' ? arrivals : `gamma(${arrivals.gamma})`;
}

/** The labels of the open loads; a law is one case, labelled by its shape. */
export function openLabels(open: LoadSpec['open']): string[] {
  switch (open?.kind) {
    case undefined:
      return [];
    case 'ladder':
      return open.fractions.map(fractionLabel);
    case 'rate':
      return [rateLabel(open.requestsPerS)];
    case 'law':
      return [open.law.shape];
    case 'replay':
    case 'offline':
      return [open.kind];
    case 'find':
      return [CAPACITY];
  }
}

/** Labels of the load axis in the order in which the cases are reported. */
export function loadLabels({ closed, open, mlperf }: LoadSpec): string[] {
  if (mlperf !== undefined) return [mlperf.scenario];
  return [...(closed === undefined ? [] : [SATURATION]), ...openLabels(open)];
}

/** Whether rates of the load are shares of what the closed pass reaches. */
export function takesShares({ open }: LoadSpec): boolean {
  return open?.kind === 'ladder' || (open?.kind === 'law' && hasShares(open.law));
}
