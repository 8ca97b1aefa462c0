import { isMissing } from '../record/figures.ts';
import { formatMs, formatNumber, listWords } from '../record/wording.ts';
import type { Told } from './answer-parts.ts';
import { effectiveNumber, type SettingResult, type Step } from './settings.ts';

/** Why each batch left, in the words of a sentence; shares below half a percent go unsaid. */
const RELEASES: Readonly<Record<string, string>> = {
  idle: 'left because the instance became free',
  full: 'because they were full',
  delay: 'because the queue delay ran out',
  preferred: 'because they had a preferred size',
};

/** Why the winner wins: how its batches form, and what a longer delay adds. */
export function whySentences(told: Told): string[] {
  const { best } = told.winner;
  const { batch } = best.record;
  if ((effectiveNumber(best.record, 'batching.maxRows') ?? 1) <= 1 || isMissing(batch)) return [];
  const released = releaseWords(batch.release);
  const size = `Batches held ${formatNumber(batch.meanRows)} rows on average`;
  const longer = longerDelay(told);
  const delay = longer === undefined ? '' : `; ${longer}`;
  return [`${size}${released === '' ? '' : ` (${released})`}${delay}.`];
}

function releaseWords(release: Readonly<Record<string, number>>): string {
  const total = Object.values(release).reduce((sum, count) => sum + count, 0);
  const shares = Object.entries(release)
    .map(([reason, count]) => ({ reason, percent: Math.round((count / total) * 100) }))
    .filter(({ percent }) => percent > 0)
    .sort((a, b) => b.percent - a.percent);
  return listWords(shares.map(({ reason, percent }) => `${percent} % ${RELEASES[reason] ?? `by ${reason}`}`));
}

/** A setting that differs from the winner by a longer queue delay only, and whose median is provenly slower. */
function longerDelay({ settings, winner }: Told): string | undefined {
  const delay = delayOf(winner);
  const slower = settings
    .filter((setting) => delayOf(setting) > delay && sameBut(setting, winner))
    .sort((a, b) => delayOf(a) - delayOf(b))[0];
  const theirs = slower?.steps.find(({ requestsPerS }) => requestsPerS === winner.best.requestsPerS);
  if (slower === undefined || theirs === undefined) return undefined;
  const [ours, other] = [winner.best, theirs].map(({ record }) => record.latencyMs.response.p50);
  if (ours === undefined || other === undefined || isMissing(ours) || isMissing(other)) return undefined;
  if (other.low <= (ours.high ?? Number.POSITIVE_INFINITY)) return undefined;
  return `a queue delay of ${formatMs(delayOf(slower))} only adds waiting`;
}

function delayOf({ steps }: SettingResult): number {
  return steps[0] === undefined ? 0 : (effectiveNumber(steps[0].record, 'batching.maxDelayMs') ?? 0);
}

function sameBut(a: SettingResult, b: SettingResult): boolean {
  const settings = ({ steps }: { steps: readonly Step[] }) => {
    const { 'batching.maxDelayMs': _, ...rest } = steps[0]?.record.target.effective ?? {};
    return JSON.stringify(Object.entries(rest).sort());
  };
  return settings(a) === settings(b);
}
