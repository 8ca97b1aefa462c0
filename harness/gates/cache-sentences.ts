import type { CaseRecord } from '../record/case-record.ts';
import { capitalized, formatNumber, formatTimes, joinRange } from '../record/wording.ts';
import type { Words } from './answer-parts.ts';
import { breakEven, type CacheBeside, cachesBeside, type Interval } from './cache-cost.ts';

/**
 * From which hit rate on a cache pays for the work that it makes, and what was measured on both sides of it. The first
 * sentence answers, or says that the run cannot; one more for each answer that it cannot give, and for each setting with
 * a cache.
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
  return [
    told.map(({ answer }) => `${capitalized(answer)}.`).join(' '),
    ...told.flatMap(({ estimate }) => (estimate === undefined ? [] : [estimate])),
    ...all.map((one) => besideSentence(one, words)),
  ];
}

const NOT_MEASURED =
  'What a cache costs cannot be told: no closed pass has one beside the same setting without.';

interface Told {
  readonly answer: string;
  /** What is known where the answer is not, and what would make it known. */
  readonly estimate?: string;
}

function breakEvenWords(points: readonly CacheBeside[], words: Words): Told {
  const name = words(points[0]?.variant ?? {});
  const found = breakEven(points);
  const most = Math.max(...points.map(({ hitRate }) => hitRate));
  if (found === undefined) {
    const answer = `from which hit rate on ${name} pays cannot be told: it takes two popularities with different hit rates`;
    return { answer };
  }
  if (found === 'never') return { answer: `${name} pays at no hit rate` };
  if (found === 'open') {
    const answer = `whether ${name} pays at any hit rate cannot be told from this run`;
    return { answer, estimate: `For ${name} ${LONGER}.` };
  }
  const pays = `${name} pays ${fromWords(found)}`;
  if (most > found.high) return { answer: `${pays}: here ${percent(most)} hit, so it does` };
  if (most < found.low) return { answer: `${pays}: here at most ${percent(most)} hit, so it does not` };
  const answer = `whether ${name} pays here, where at most ${percent(most)} hit, cannot be told from this run`;
  return { answer, estimate: estimateWords(name, found) };
}

/** From here on an interval leaves nothing out that a reader would not have thought possible before. */
const SAYS_NOTHING = 0.8;
const LONGER = 'a longer measure phase (measure.duration) or more trials, on a quieter machine, would tell';

/** The estimate as no more than that, with the interval where it rules something out. */
function estimateWords(name: string, { value, low, high }: Interval): string {
  const from = value === 0 ? 'pays from the first hit on' : `pays from a hit rate of ${percent(value)} on`;
  const known =
    high - low > SAYS_NOTHING
      ? 'but nearly every other hit rate fits what was measured as well'
      : `with a 95 % interval of ${joinRange(percent(low), percent(high))}`;
  return `The mere estimate for ${name} is that it ${from}, ${known}: ${LONGER}.`;
}

function fromWords({ value, low, high }: Interval): string {
  const interval =
    percent(low) === percent(high) ? '' : ` (95 % interval ${joinRange(percent(low), percent(high))})`;
  return value === 0
    ? `from the first hit on${interval}`
    : `from a hit rate of ${percent(value)}${interval} on`;
}

/** `0.3 %`, `4.1 %`, from 10 on whole: `62 %`. */
export function percent(share: number): string {
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
