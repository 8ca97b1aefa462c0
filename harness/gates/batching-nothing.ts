import type { Answer } from '../record/answer.ts';
import { formatCount } from '../record/wording.ts';
import { settled, type Told } from './answer-parts.ts';
import { bracketSentence, costSentences, holdsSentence } from './holds.ts';
import { effectiveNumber, type SettingResult } from './settings.ts';

/** Saturation must improve by more than this and by more than its intervals to count as an improvement. */
const NOISE = 1.05;

/**
 * A null result, said well: where settings with batching were measured beside one without, and none of them carries
 * more at the SLO or at saturation, the answer is to leave batching off. Undefined where batching does something.
 */
export function batchingDoesNothing(told: Told): Answer | undefined {
  const { settings } = told;
  const unbatched = settings.find((setting) => maxRowsOf(setting) === 1 && setting.best !== undefined);
  const batched = settings.filter((setting) => (maxRowsOf(setting) ?? 1) > 1);
  if (unbatched?.best === undefined || batched.length === 0) return undefined;
  if (batched.some((setting) => improves(setting, unbatched))) return undefined;
  const off: Told = { ...told, winner: { ...unbatched, best: unbatched.best } };
  return {
    ...settled(off),
    status: 'recommended',
    sentence: `Batching does nothing for this model: leave it off${saved(batched)}.`,
    details: [
      holdsSentence(off),
      ...saturations(unbatched, batched),
      bracketSentence(off),
      ...costSentences(unbatched.best),
    ],
  };
}

function improves(setting: SettingResult, unbatched: SettingResult): boolean {
  if ((setting.best?.rowsPerS ?? 0) > (unbatched.best?.rowsPerS ?? 0) * 1.001) return true;
  const theirs = setting.saturation?.throughput;
  const ours = unbatched.saturation?.throughput;
  if (theirs === undefined || ours === undefined) return false;
  const low = 'missing' in theirs.interval ? theirs.requestsPerS : theirs.interval.low;
  const high = 'missing' in ours.interval ? ours.requestsPerS : ours.interval.high;
  return theirs.rowsPerS > ours.rowsPerS * NOISE && low > high;
}

function saved(batched: readonly SettingResult[]): string {
  const delays = batched.map(({ steps }) =>
    steps[0] === undefined ? 0 : (effectiveNumber(steps[0].record, 'batching.maxDelayMs') ?? 0),
  );
  const longest = Math.max(0, ...delays);
  return longest > 0 ? ` and save the queue delay of up to ${longest} ms` : '';
}

function saturations(unbatched: SettingResult, batched: readonly SettingResult[]): string[] {
  const off = unbatched.saturation?.throughput.rowsPerS;
  const on = Math.max(...batched.map(({ saturation }) => saturation?.throughput.rowsPerS ?? 0));
  if (off === undefined || on === 0) return [];
  return [
    `At saturation it completes ${formatCount(off)} rows/s without batching and ${formatCount(on)} rows/s at best with it.`,
  ];
}

function maxRowsOf({ steps }: SettingResult): number | undefined {
  return steps[0] === undefined ? undefined : effectiveNumber(steps[0].record, 'batching.maxRows');
}
