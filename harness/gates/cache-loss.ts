import type { CaseRecord } from '../record/case-record.ts';
import { isMissing } from '../record/figures.ts';
import { capitalized, formatMs, formatNumber, formatRate } from '../record/wording.ts';
import type { Expression } from '../scenario/expression.ts';
import { promiseWords, type Words } from './answer-parts.ts';
import { isLatency } from './bounds.ts';
import { isCeiling, judgeAll } from './budget.ts';

/** What takes a cache away while it is used. */
const LOSSES = ['redis.stop', 'cache.flush'];

/**
 * What became of each case whose cache went away while it was measured: whether it held the promise all the same, and
 * the worst window after it beside those before.
 */
export function cacheLossSentences(
  cases: readonly CaseRecord[],
  slo: readonly Expression[],
  words: Words,
): [string, ...string[]] {
  const told = cases.flatMap((one) => {
    const loss = one.changes?.findLast(({ what, failed }) => LOSSES.includes(what) && !failed);
    return loss === undefined ? [] : [lossSentence(one, loss, slo, words)];
  });
  const [first, ...others] = told;
  return first === undefined ? [NOT_SEEN] : [first, ...others];
}

const NOT_SEEN =
  'What happens when the cache goes away was not seen: no event of the scenario took one away (cache.flush, redis.stop).';

function lossSentence(
  one: CaseRecord,
  { what, atS }: { readonly what: string; readonly atS: number },
  slo: readonly Expression[],
  words: Words,
): string {
  const { load: _, ...axes } = one.axes;
  const rate =
    one.load.resolvedRate === undefined ? 'at saturation' : `at ${formatRate(one.load.resolvedRate)}`;
  const name = Object.keys(axes).length === 0 ? 'it' : words(axes);
  const windows = p99s(one, atS);
  const verdict = verdictOf(one, slo, windows.before);
  const loss = `the loss of its cache (${what} after ${formatMs(1000 * atS)})`;
  return capitalized(`${rate} ${name} ${verdict} ${loss}${timesWords(windows)}; ${failedWords(one)}.`);
}

/** By the promise over the whole case; where most windows broke it before, the loss is not what broke it. */
function verdictOf(one: CaseRecord, slo: readonly Expression[], before: readonly number[]): string {
  if (slo.length === 0) return 'went through';
  const promise = promiseWords(slo);
  const outcomes = judgeAll(one, slo).map(({ outcome }) => outcome);
  if (outcomes.every((outcome) => outcome === 'pass')) return `holds ${promise} through`;
  const bound = slo.find((expression) => isLatency(expression.metric) && isCeiling(expression))?.bound;
  const late = before.filter((ms) => ms > (bound ?? Number.POSITIVE_INFINITY));
  if (late.length > before.length / 2) return `did not keep to ${promise} even before`;
  if (outcomes.includes('fail')) return `does not hold ${promise} through`;
  return `cannot be shown to hold ${promise} through`;
}

interface Windows {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** p99 of the windows that ended before the loss, and of those that began after it or had it within. */
function p99s({ windows }: CaseRecord, atS: number): Windows {
  const measured = windows.filter(({ phase }) => phase !== 'warmup');
  const known = (some: typeof measured) =>
    some.flatMap(({ responseP99Ms }) => (isMissing(responseP99Ms) ? [] : [responseP99Ms]));
  const endsBefore = ({ startS, durationS }: (typeof measured)[number]) => startS + durationS <= atS;
  return {
    before: known(measured.filter(endsBefore)),
    after: known(measured.filter((window) => !endsBefore(window))),
  };
}

function timesWords({ before, after }: Windows): string {
  if (before.length === 0 || after.length === 0) return '';
  return `: p99 was ${formatMs(Math.max(...before))} at worst before it and ${formatMs(Math.max(...after))} after`;
}

function failedWords({ counts }: CaseRecord): string {
  const share = (counts.sent - counts.ok) / Math.max(1, counts.sent);
  return share === 0 ? 'no request failed' : `${formatNumber(100 * share)} % failed or never came back`;
}
