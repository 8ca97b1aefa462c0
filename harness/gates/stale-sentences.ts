import type { CaseRecord } from '../record/case-record.ts';
import { isMissing } from '../record/figures.ts';
import { bySetting } from '../record/settings.ts';
import type { StalenessRecord } from '../record/staleness.ts';
import { capitalized, formatMs, joinRange } from '../record/wording.ts';
import type { Words } from './answer-parts.ts';
import { percent } from './cache-sentences.ts';
import { loadWords } from './wording.ts';

/** A case whose answers were not all computed for their requests. */
type Aged = CaseRecord & { readonly staleness: StalenessRecord };

/**
 * How old the answers of each setting with a cache were, and how many of them stale by how often the data changes: one
 * sentence a setting. The last one says what bounds it.
 */
export function stalenessSentences(cases: readonly CaseRecord[], words: Words): [string, ...string[]] {
  if (!cases.some(({ staleness }) => staleness !== undefined)) return [NOT_COUNTED];
  const shown = bySetting(cases).flatMap(({ cases: own }) => {
    const [one] = own.filter(isAged).sort(byWorth);
    return one === undefined ? [] : [one];
  });
  const [first, ...others] = shown.map((one) => settingSentence(one, words));
  return first === undefined ? [NONE_AGED] : [first, ...others, boundSentence(shown)];
}

const NOT_COUNTED = 'How stale answers are was not counted: it takes workload.changeEvery.';
const NONE_AGED = 'Every answer was computed for its request, so none was stale.';

function isAged(one: CaseRecord): one is Aged {
  return one.staleness !== undefined && one.staleness.aged > 0;
}

/** First the loads at a rate, of these those to whose cache nothing happened, of these the highest. */
function byWorth(a: Aged, b: Aged): number {
  const worth = ({ load, changes = [] }: Aged) =>
    load.resolvedRate === undefined ? 0 : changes.length > 0 ? 1 : 2;
  return worth(b) - worth(a) || (b.load.resolvedRate ?? 0) - (a.load.resolvedRate ?? 0);
}

function settingSentence(one: Aged, words: Words): string {
  const { staleness } = one;
  const { load: _, ...setting } = one.axes;
  const name = Object.keys(setting).length === 0 ? 'it' : words(setting);
  const { answers, aged, ageMs, changes } = staleness;
  const oldest = isMissing(ageMs.max) ? '' : ` from computations of up to ${formatMs(ageMs.max)} ago`;
  const told = changes.map(({ everyMs, rate: share, low, high }, at) => {
    const range = joinRange(percent(low), percent(high));
    return at === 0
      ? `If the data behind each changes every ${formatMs(everyMs)}, ${percent(share)} of all its answers are stale (95 % interval ${range})`
      : `every ${formatMs(everyMs)}, ${percent(share)} (${range})`;
  });
  const given = `${name} gives ${percent(aged / answers)} of its answers${oldest}`;
  return `${capitalized(`${loadWords(one)} ${given}`)}. ${told.join('; ')}.`;
}

/** Of a cache with a ttl no answer is older than that and what its computation took; 1 - e^(-0.01) is below 1 %. */
function boundSentence(shown: readonly Aged[]): string {
  const endless = shown.some(({ target }) => !(Number(target.effective['cache.ttlMs'] ?? 0) > 0));
  const grows = endless
    ? 'without a ttl answers grow older for as long as a cache lives, so a longer run finds more of them stale'
    : 'a ttl bounds their age';
  return `${capitalized(grows)}; a ttl of a hundredth of the time between two changes, less what a computation takes, keeps the share below 1 %.`;
}
