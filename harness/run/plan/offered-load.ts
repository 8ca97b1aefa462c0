import { meanPerS, rateLaw } from '../../load/rate-law.ts';
import type { LoadRecord } from '../../record/load-record.ts';
import { arrivalsLabel } from '../../scenario/load-labels.ts';
import type { Arrivals, LoadSpec } from '../../scenario/load-spec.ts';
import {
  fractionLabel,
  hasShares,
  lawWords,
  peakPerSOf,
  type RateLawSpec,
  rateLabel,
  type WrittenRate,
  withRates,
} from '../../scenario/rate-law.ts';

/** The best measured saturation: what a ladder's fractions are shares of. */
export interface Saturation {
  readonly requestsPerS: number;
  readonly caseId: string;
}

export type OfferedLoad = Pick<LoadRecord, 'shape' | 'arrivals' | 'resolvedRate' | 'fractionOf' | 'law'>;

/** The open loads with the rates that they come to; of a law the mean over what is measured. */
export function offeredLoads(
  open: Exclude<LoadSpec['open'], undefined | { kind: 'offline' | 'find' }>,
  durationMs: number,
  saturation: Saturation | undefined,
  mlperf: LoadSpec['mlperf'],
): ({ label: string } & OfferedLoad)[] {
  if (open.kind === 'replay') {
    const law = replayRecord(open, durationMs);
    return [{ label: 'replay', shape: 'replay', resolvedRate: law.meanPerS, law }];
  }
  const arrivals = arrivalsLabel(open.arrivals);
  if (open.kind === 'law') {
    const law = lawRecord(open.law, durationMs, saturation);
    return [{ label: open.law.shape, shape: open.law.shape, arrivals, resolvedRate: law.meanPerS, law }];
  }
  const shape = shapeOf(open.arrivals);
  if (open.kind === 'rate') {
    const label = mlperf?.scenario ?? rateLabel(open.requestsPerS);
    return [{ label, shape, arrivals, resolvedRate: open.requestsPerS }];
  }
  const { requestsPerS: ofRate, caseId: ofCase } = measured(saturation);
  return open.fractions.map((fraction) => ({
    label: fractionLabel(fraction),
    shape,
    arrivals,
    resolvedRate: roundRate(fraction * ofRate),
    fractionOf: { fraction, ofRate, ofCase },
  }));
}

export function shapeOf(arrivals: Arrivals): LoadRecord['shape'] {
  if (typeof arrivals === 'object') return 'gamma';
  return arrivals === 'even' ? 'constant' : 'poisson';
}

function measured(saturation: Saturation | undefined): Saturation {
  if (saturation === undefined) throw new Error('a share needs a measured saturation to become a rate');
  return saturation;
}

/** The law in requests/s; `ofPerS` is what its shares are of, where it has some. */
export function resolvedLaw(law: RateLawSpec<WrittenRate>, ofPerS: number | undefined): RateLawSpec {
  return withRates(law, (rate) => {
    if (typeof rate === 'number') return rate;
    if (ofPerS === undefined) throw new Error('a share needs a measured saturation to become a rate');
    return roundRate(rate.share * ofPerS);
  });
}

function lawRecord(
  written: RateLawSpec<WrittenRate>,
  durationMs: number,
  saturation: Saturation | undefined,
): NonNullable<LoadRecord['law']> {
  const law = resolvedLaw(written, saturation?.requestsPerS);
  const shares = hasShares(written) ? sharesRecord(written, measured(saturation)) : {};
  return {
    words: lawWords(law),
    ...shares,
    spec: { ...law },
    meanPerS: Number(meanPerS(rateLaw(law), durationMs).toPrecision(6)),
    peakPerS: peakPerSOf(law),
    lengthS: durationMs / 1000,
  };
}

function sharesRecord(
  written: RateLawSpec<WrittenRate>,
  { requestsPerS: ofRate, caseId: ofCase }: Saturation,
): Pick<NonNullable<LoadRecord['law']>, 'sharesOf'> {
  return { sharesOf: { words: lawWords(written), ofRate, ofCase } };
}

type ReplaySpec = Extract<NonNullable<LoadSpec['open']>, { kind: 'replay' }>;

function replayRecord(
  { recording, timeScale, every }: ReplaySpec,
  durationMs: number,
): NonNullable<LoadRecord['law']> {
  const { path: _, mostPerSecond, ...told } = recording;
  const scaled = timeScale === 1 ? '' : `, offsets x ${timeScale}`;
  const kept = every === undefined ? {} : { every };
  const which = every === undefined ? '' : `, 1 in ${every}`;
  return {
    words: `replay of ${told.rows} arrivals from ${told.written}${which}${scaled}`,
    spec: { shape: 'replay', timeScale, ...kept, ...told },
    meanPerS: Number(((1000 * told.rows) / durationMs).toPrecision(6)),
    peakPerS: mostPerSecond,
    lengthS: durationMs / 1000,
  };
}

/** Three significant digits: a rate that people can read back and set again. */
export function roundRate(requestsPerS: number): number {
  return Number(requestsPerS.toPrecision(requestsPerS >= 1000 ? 4 : 3));
}
