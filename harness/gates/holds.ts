import { isMissing } from '../record/figures.ts';
import {
  formatCount,
  formatMs,
  formatMsInterval,
  formatRate,
  formatTimes,
  formatUnitPrice,
  predictionsPerDollar,
} from '../record/wording.ts';
import { promiseWords, type Told } from './answer-parts.ts';
import { effectiveNumber, evidenceOf, isOverloaded, promisedPercentile, type Step } from './settings.ts';

/** `It holds p99 < 50 ms at 1,072 requests/s (p99 44 ms, 95 % interval 40-49), 7.5 times what it holds without batching.` */
export function holdsSentence(told: Told): string {
  const { winner, slo } = told;
  const rate = `${formatCount(winner.best.requestsPerS)} requests/s`;
  const evidence = evidenceWords(winner.best, promisedPercentile(slo));
  return `It holds ${promiseWords(slo)} at ${rate}${evidence}${comparison(told)}.`;
}

/** ` (p99 44 ms, 95 % interval 40-49)`, or nothing where there is no figure. */
export function evidenceWords(step: Step, percentile: ReturnType<typeof promisedPercentile>): string {
  const evidence = evidenceOf(step, percentile);
  if (isMissing(evidence)) {
    const latency = step.judgements.find(({ expression }) => expression.metric.endsWith(percentile));
    return latency?.bounds.rests === undefined ? '' : ` (by ${latency.bounds.rests})`;
  }
  const { value, low, high } = evidence;
  const unit = formatMs(value).replace(/^\S+/, '');
  const range = formatMsInterval(low, high);
  // The unit is said once where it is the same.
  const short = high === null || range.includes(' to ') ? range : range.replace(new RegExp(`${unit}$`), '');
  return ` (${percentile} ${formatMs(value)}, 95 % interval ${short})`;
}

/** How it compares with no batching where that was measured, else with the next best setting. */
function comparison({ settings, winner, words }: Told): string {
  const maxRows = effectiveNumber(winner.best.record, 'batching.maxRows') ?? 1;
  const unbatched = settings.filter(({ steps }) => maxRowsOf(steps) === 1);
  if (maxRows > 1 && unbatched.length > 0) {
    const capacity = Math.max(...unbatched.map(({ best }) => best?.rowsPerS ?? 0));
    if (capacity === 0) return '; without batching it holds none of the rates tried';
    const ratio = winner.best.rowsPerS / capacity;
    return ratio > 1.01 ? `, ${formatTimes(ratio)} what it holds without batching` : '';
  }
  const others = settings.filter((setting) => setting.axes !== winner.axes && setting.best !== undefined);
  const second = others.sort((a, b) => (b.best?.rowsPerS ?? 0) - (a.best?.rowsPerS ?? 0))[0];
  if (second?.best === undefined) return '';
  const ratio = winner.best.rowsPerS / second.best.rowsPerS;
  return ratio > 1.01 ? `, ${formatTimes(ratio)} what ${words(second.axes)} holds` : '';
}

function maxRowsOf(steps: readonly Step[]): number | undefined {
  return steps[0] === undefined ? undefined : effectiveNumber(steps[0].record, 'batching.maxRows');
}

/** Where the true capacity lies: between the highest step that held and the next, or above all that was tried. */
export function bracketSentence({ winner, slo }: Told): string {
  const { best, next, saturation } = winner;
  if (next !== undefined) {
    const verdict = isOverloaded(next)
      ? 'it was overloaded'
      : next.judgements.some(({ outcome }) => outcome === 'fail')
        ? `it broke ${promiseWords(slo)}`
        : 'the promise is not proven';
    return `At ${formatCount(next.requestsPerS)} requests/s, the next rate tried, ${verdict}: its true capacity lies between.`;
  }
  const most =
    saturation === undefined
      ? ''
      : `; without a promise it completed ${formatRate(saturation.throughput.requestsPerS)}`;
  return `${formatCount(best.requestsPerS)} requests/s is the highest rate that was tried, so it may hold more${most}.`;
}

/** Settings that ran at the winner's rate within the bound, but not provenly. */
export function unprovenSentences({ settings, winner, slo, words }: Told): string[] {
  const percentile = promisedPercentile(slo);
  return settings.flatMap(({ axes, steps }) => {
    const same = steps.find(({ requestsPerS }) => requestsPerS === winner.best.requestsPerS);
    if (same === undefined || same.held || isOverloaded(same)) return [];
    const doubtful = same.judgements.find(({ outcome }) => outcome === 'inconclusive');
    const evidence = evidenceOf(same, percentile);
    if (
      doubtful === undefined ||
      isMissing(evidence) ||
      same.judgements.some(({ outcome }) => outcome === 'fail')
    ) {
      return [];
    }
    const end = evidence.high === null ? 'has no upper end' : `reaches ${formatMs(evidence.high)}`;
    const name = words(axes);
    return [
      `Not proven at ${formatRate(same.requestsPerS)}: ${name}, whose ${percentile} is ${formatMs(evidence.value)}, but its interval ${end}.`,
    ];
  });
}

/** What the capacity costs, where the case was priced: with terms, date and, if it is one, that it is a what-if. */
export function costSentences({ record, requestsPerS }: Step): string[] {
  const cost = record.cost.find(({ at }) => at === 'capacityAtSlo');
  if (cost === undefined || isMissing(cost.usdPer1000)) return [];
  const per1000 = cost.usdPer1000;
  const figures = `${formatUnitPrice(per1000 * 1000)} per 1M predictions (${formatUnitPrice(per1000)} per 1,000; ${predictionsPerDollar(per1000)} per $1)`;
  const price = `priced as ${cost.price} ${cost.term} $${cost.usdPerHour}/h (${cost.asOf})`;
  const whatIf =
    cost.basis === 'measured-on-this-machine'
      ? ''
      : ' What-if: measured on another machine, same throughput assumed.';
  return [`It costs ${figures} at ${formatRate(requestsPerS)}, always busy, ${price}.${whatIf}`];
}
