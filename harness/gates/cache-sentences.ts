import type { CaseRecord } from '../record/case-record.ts';
import { capitalized, formatNumber, formatTimes, listWords } from '../record/wording.ts';
import type { Words } from './answer-parts.ts';
import { breakEven, type CacheBeside, cachesBeside, type Interval } from './cache-cost.ts';

/**
 * From which hit rate on a cache pays for the work that it makes, and what was measured on both sides of it. The first
 * sentence answers; one more for each setting with a cache.
 */
export function breakEvenSentences(cases: readonly CaseRecord[], words: Words): [string, ...string[]] {
  const all = cachesBeside(cases);
  const variants = new Map<string, CacheBeside[]>();
  for (const one of all) {
    const key = JSON.stringify(one.variant);
    variants.set(key, [...(variants.get(key) ?? []), one]);
  }
  if (variants.size === 0) return [NOT_MEASURED];
  const told = [...variants.values()].map((points) => breakEvenWords(points, words));
  return [`${capitalized(listWords(told))}.`, ...all.map((one) => besideSentence(one, words))];
}

const NOT_MEASURED =
  'What a cache costs cannot be told: no closed pass has one beside the same setting without.';

function breakEvenWords(points: readonly CacheBeside[], words: Words): string {
  const name = words(points[0]?.variant ?? {});
  const found = breakEven(points);
  const most = Math.max(...points.map(({ hitRate }) => hitRate));
  if (found === undefined) {
    return `from which hit rate on ${name} pays cannot be told: it takes two popularities with different hit rates`;
  }
  if (found === 'open') return `whether ${name} pays at any hit rate cannot be told from this run`;
  if (found === 'never') return `${name} pays at no hit rate`;
  const verdict = most > found.high ? 'it pays' : most < found.low ? 'it does not pay' : 'too close to tell';
  return `${name} pays ${fromWords(found)} (at most ${percent(most)} hit here: ${verdict})`;
}

function fromWords({ value, low, high }: Interval): string {
  const [from, to] = [percent(low), percent(high)];
  const interval = from === to ? '' : ` (95 % interval ${from.replace(' %', '')}-${to})`;
  return value === 0
    ? `from the first hit on${interval}`
    : `from a hit rate of ${percent(value)}${interval} on`;
}

function percent(share: number): string {
  return `${formatNumber(Number((100 * share).toFixed(share < 0.1 ? 1 : 0)))} %`;
}

function besideSentence({ axes, variant, without, hitRate, cost }: CacheBeside, words: Words): string {
  const others = Object.fromEntries(Object.entries(axes).filter(([name]) => !(name in variant)));
  const where = Object.keys(others).length === 0 ? '' : `with ${words(others)}, `;
  const ratio = 1 / cost.value;
  const than =
    cost.low > 1
      ? `${percent(1 - ratio)} less than ${words(without)}`
      : cost.high < 1
        ? `${formatTimes(ratio)} what ${words(without)} carries`
        : `what ${words(without)} carries, as far as this run can tell`;
  return capitalized(`${where}${words(variant)} hits ${percent(hitRate)} and at saturation carries ${than}.`);
}
