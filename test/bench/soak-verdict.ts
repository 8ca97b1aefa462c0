import { MOST_GROWTH } from './memory-row.ts';
import type { MemoryRun } from './memory-run.ts';
import { spreadOf } from './round-statistics.ts';

const FIRST_MINUTE_S = 60;
/** Before it the young generation is still being filled for the first time. */
const FILLED = 1 / 4;
/** In a run that is shorter than that many minutes, the first of so many parts stands for the first minute. */
const PARTS = 2;

interface Window {
  readonly fromS: number;
  readonly toS: number;
  /** Resident, median; NaN where nothing was sampled. */
  readonly bytes: number;
}

/** The first minute without its first quarter, and the last tenth of the run. */
export function soakWindows(
  samples: MemoryRun['samples'],
  tookS: number,
): { readonly early: Window; readonly late: Window } {
  const window = (fromS: number, toS: number): Window => {
    const within = samples.filter(({ atS }) => atS >= fromS && atS <= toS);
    return { fromS, toS, bytes: spreadOf(within.map(({ bytes }) => bytes))?.median ?? Number.NaN };
  };
  const firstS = Math.min(FIRST_MINUTE_S, tookS / PARTS);
  return { early: window(FILLED * firstS, firstS), late: window(0.9 * tookS, tookS) };
}

/** What is wrong with the run, in words; nothing when it has proved that the generator keeps nothing of a request. */
export function soakProblems({ requests, tookS, samples, says }: MemoryRun, asked: number): string[] {
  const { early, late } = soakWindows(samples, tookS);
  const times = late.bytes / early.bytes;
  const between = (late.fromS + late.toS - early.fromS - early.toS) / 2 / tookS;
  const bytesEach = (late.bytes - early.bytes) / (between * requests);
  const { ok, failed, undestroyedHistograms } = says;
  return [
    requests < asked ? `it took too long: ${requests} of ${asked} requests were made` : '',
    ok === requests ? '' : `${ok} requests were well answered by our count, ${requests} by the server's`,
    failed === 0 ? '' : `${failed} requests failed or were never sent`,
    Number.isNaN(times) ? 'too short a run: memory was not sampled at its start and at its end' : '',
    times > MOST_GROWTH
      ? `memory grew to ${times.toFixed(2)} times that of the first minute, about ${bytesEach.toFixed(0)} bytes a request`
      : '',
    times < 1 / MOST_GROWTH
      ? `memory fell to ${times.toFixed(2)} times that of the first minute, which was not typical then: run it again alone`
      : '',
    undestroyedHistograms === 0 ? '' : `${undestroyedHistograms} histograms were made and not destroyed`,
  ].filter((problem) => problem !== '');
}
