import type { CaseRecord } from '../record/case-record.ts';
import { isMissing } from '../record/figures.ts';
import { capitalized, formatMs, formatNumber, formatRate } from '../record/wording.ts';
import type { Expression } from '../scenario/expression.ts';
import { promiseWords, type Words } from './answer-parts.ts';
import { judgeAll } from './budget.ts';

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
  { what, atS, endS }: { readonly what: string; readonly atS: number; readonly endS: number },
  slo: readonly Expression[],
  words: Words,
): string {
  const { load: _, ...axes } = one.axes;
  const rate =
    one.load.resolvedRate === undefined ? 'at saturation' : `at ${formatRate(one.load.resolvedRate)}`;
  const { before, after } = aroundOf(one, atS, endS);
  const times =
    before === undefined || after === undefined
      ? ''
      : `: p99 was ${formatMs(before)} at worst before it and ${formatMs(after)} after`;
  const failedShare = (one.counts.sent - one.counts.ok) / Math.max(1, one.counts.sent);
  const failed =
    failedShare === 0
      ? 'no request failed'
      : `${formatNumber(100 * failedShare)} % failed or never came back`;
  const name = Object.keys(axes).length === 0 ? 'it' : words(axes);
  const sentence = `${rate} ${name} ${verdictOf(one, slo)} the loss of its cache (${what} after ${formatMs(1000 * atS)})${times}; ${failed}.`;
  return capitalized(sentence);
}

/** By the promise over the whole case, the time before the loss included. */
function verdictOf(one: CaseRecord, slo: readonly Expression[]): string {
  if (slo.length === 0) return 'went through';
  const outcomes = judgeAll(one, slo).map(({ outcome }) => outcome);
  if (outcomes.every((outcome) => outcome === 'pass')) return `holds ${promiseWords(slo)} through`;
  if (outcomes.includes('fail')) return `does not hold ${promiseWords(slo)} through`;
  return `cannot be shown to hold ${promiseWords(slo)} through`;
}

/** The worst p99 of a window that ended before the loss, and of one that began after it or had it within. */
function aroundOf(one: CaseRecord, atS: number, endS: number): { before?: number; after?: number } {
  const measured = one.windows.filter(({ phase }) => phase !== 'warmup');
  const worst = (windows: typeof measured) => {
    const known = windows.map(({ responseP99Ms }) => (isMissing(responseP99Ms) ? -1 : responseP99Ms));
    return Math.max(-1, ...known);
  };
  const before = worst(measured.filter(({ startS, durationS }) => startS + durationS <= atS));
  const after = worst(measured.filter(({ startS, durationS }) => startS + durationS > Math.min(atS, endS)));
  return { ...(before < 0 ? {} : { before }), ...(after < 0 ? {} : { after }) };
}
