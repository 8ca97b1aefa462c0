import type { Answer } from '../record/answer.ts';
import { isMissing } from '../record/figures.ts';
import { capitalized, formatCount, formatMs, formatRate, listWords } from '../record/wording.ts';
import type { Expression } from '../scenario/expression.ts';
import { NO_SETTING, promiseWords, type Words } from './answer-parts.ts';
import { evidenceOf, isOverloaded, promisedPercentile, type SettingResult, type Step } from './settings.ts';

type Settings = readonly SettingResult[];

export function unfinished(measured: number, planned: number): Answer {
  return {
    ...NO_SETTING,
    status: 'unfinished',
    sentence: `No answer yet: ${measured} of ${planned} cases were measured.`,
    details: [],
  };
}

/** Only closed passes: what was completed with a fixed number in flight, which is no promise. */
export function saturationOnly(settings: Settings, words: Words): Answer {
  const carried = settings
    .flatMap(({ axes, saturation }) =>
      saturation === undefined ? [] : [{ axes, rate: saturation.throughput.rowsPerS }],
    )
    .sort((a, b) => b.rate - a.rate);
  const [most] = carried;
  if (most === undefined) return unfinished(0, 0);
  const name = Object.keys(most.axes).length === 0 ? '' : ` with ${words(most.axes)}`;
  return {
    ...NO_SETTING,
    status: 'not-asked',
    sentence: `At saturation it completes ${formatCount(most.rate)} rows/s${name}.`,
    details: ['That is no capacity: no rate was offered, so no promise was tested.'],
  };
}

export function allOverloaded(settings: Settings, words: Words): Answer {
  const steps = settings.flatMap(({ axes, steps: own }) => own.map((step) => ({ axes, step })));
  const most = steps.sort(
    (a, b) => b.step.record.throughput.requestsPerS - a.step.record.throughput.requestsPerS,
  )[0];
  const rate = formatCount(most?.step.record.throughput.requestsPerS ?? 0);
  const subject = settings.length === 1 ? 'It was' : 'Every setting was';
  const by = settings.length === 1 || most === undefined ? '' : ` (${words(most.axes)})`;
  return {
    ...NO_SETTING,
    status: 'all-overloaded',
    sentence: `${subject} overloaded at every rate that was tried.`,
    details: [`The most that was completed is ${rate} requests/s${by}: try rates below that.`],
  };
}

/** No setting holds the promise: which bound broke where it came nearest, or why the run cannot tell. */
export function noneQualifies(settings: Settings, slo: readonly Expression[], words: Words): Answer {
  const steps = settings.flatMap(({ axes, steps: own }) => own.map((step) => ({ axes, step })));
  const open = steps.filter(({ step }) => !step.judgements.some(({ outcome }) => outcome === 'fail'));
  const [nearest] = (open.length > 0 ? open : steps).sort((a, b) => excess(a.step) - excess(b.step));
  const promise = promiseWords(slo);
  const subject = settings.length === 1 ? 'it' : 'any setting';
  const sentence =
    open.length > 0
      ? `This run cannot show that ${subject} holds ${promise}.`
      : settings.length === 1
        ? `It does not hold ${promise} at any rate that was tried.`
        : `No setting holds ${promise} at any rate that was tried.`;
  return {
    ...NO_SETTING,
    status: 'none-qualifies',
    sentence,
    details: nearestDetails(nearest, settings, words, open.length > 0),
  };
}

function nearestDetails(
  nearest: { axes: SettingResult['axes']; step: Step } | undefined,
  settings: Settings,
  words: Words,
  open: boolean,
): string[] {
  if (nearest === undefined) return [];
  const place = `${settings.length === 1 ? '' : `${words(nearest.axes)} `}at ${formatCount(nearest.step.requestsPerS)} requests/s`;
  const unkept = nearest.step.judgements
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ message }) => message);
  const advice = open
    ? 'Measure for longer (measure.duration) to narrow the interval.'
    : 'Lower the rates, or relax the promise.';
  return [`Nearest to it is ${place}: ${listWords(unkept)}.`, advice];
}

/** How far a step is from its promise, by the worst of what it does not keep. */
function excess({ judgements }: Step): number {
  return Math.max(
    0,
    ...judgements.filter(({ outcome }) => outcome !== 'pass').map((judgement) => judgement.excess),
  );
}

/**
 * Settings among which there is nothing to serve: no recommendation is asked for, or they differ in the load only.
 * Says what differs at the highest rate at which all of them show the promised percentile.
 */
export function notAsked(settings: Settings, slo: readonly Expression[], words: Words): Answer {
  const percentile = promisedPercentile(slo);
  const shown = settings.map(({ axes, steps }) => ({
    axes,
    points: steps.flatMap((step) => {
      const evidence = evidenceOf(step, percentile);
      return isMissing(evidence) || isOverloaded(step)
        ? []
        : [{ rate: step.requestsPerS, ms: evidence.value }];
    }),
  }));
  const rate = highestCommon(shown.map(({ points }) => points.map((point) => point.rate)));
  const figures = shown
    .map(({ axes, points }) => ({ axes, ms: points.find((point) => point.rate === rate)?.ms ?? 0 }))
    .sort((a, b) => a.ms - b.ms);
  const [least, most] = [figures[0], figures.at(-1)];
  const sentence =
    rate === undefined || least === undefined || most === undefined
      ? `At no rate did every setting show its ${percentile}.`
      : `At ${formatRate(rate)} ${percentile} is ${formatMs(least.ms)} with ${words(least.axes)} and ${formatMs(most.ms)} with ${words(most.axes)}.`;
  const details = slo.length === 0 ? [] : settings.map((setting) => heldUpTo(setting, slo, words));
  return { ...NO_SETTING, status: 'not-asked', sentence, details };
}

function heldUpTo({ axes, best }: SettingResult, slo: readonly Expression[], words: Words): string {
  const name = capitalized(words(axes));
  return best === undefined
    ? `${name}: ${promiseWords(slo)} is proven at no rate that was tried.`
    : `${name}: ${promiseWords(slo)} is held up to ${formatRate(best.requestsPerS)}.`;
}

/** Without an SLO: the settings that no other one beats in both capacity and latency. */
export function withoutSlo(settings: Settings, words: Words): Answer {
  const rate =
    highestCommonRate(settings) ??
    Math.min(...settings.flatMap(({ steps }) => steps.map((step) => step.requestsPerS)));
  const points = settings.map((setting) => ({ setting, ...pointOf(setting, rate) }));
  const front = points.filter(
    (point) =>
      Number.isFinite(point.ms) &&
      !points.some(
        (other) =>
          other.rowsPerS >= point.rowsPerS &&
          other.ms <= point.ms &&
          (other.rowsPerS > point.rowsPerS || other.ms < point.ms),
      ),
  );
  const names = front.map(({ setting }) => words(setting.axes));
  const single = settings.length === 1;
  return {
    ...NO_SETTING,
    status: 'no-slo',
    sentence: paretoSentence(names, single),
    details: [
      ...front.map(
        ({ setting, rowsPerS, ms }) =>
          `${single ? 'It' : capitalized(words(setting.axes))} carries ${formatCount(rowsPerS)} rows/s; at ${formatRate(rate)} its p99 is ${formatMs(ms)}.`,
      ),
      'State what your users may wait:  decide: { slo: ["p99 < 50ms"] }',
    ],
    pareto: front.map(({ setting }) => ({ ...setting.axes })),
  };
}

function paretoSentence(names: readonly string[], single: boolean): string {
  if (single || names.length === 0) return 'Give an SLO to learn what it can carry.';
  if (names.length === 1)
    return `${capitalized(listWords(names))} is best in both carried rows and latency; give an SLO to learn its capacity.`;
  return `Without an SLO there is no single best setting: choose between ${listWords(names)}.`;
}

function pointOf({ steps, saturation }: SettingResult, rate: number): { rowsPerS: number; ms: number } {
  const carried = steps.filter((step) => !isOverloaded(step)).map(({ record }) => record.throughput.rowsPerS);
  const rowsPerS = Math.max(0, saturation?.throughput.rowsPerS ?? 0, ...carried);
  const step = steps.find(({ requestsPerS }) => requestsPerS === rate);
  const p99 = step?.record.latencyMs.response.p99;
  return { rowsPerS, ms: p99 === undefined || isMissing(p99) ? Number.POSITIVE_INFINITY : p99.value };
}

function highestCommonRate(settings: Settings): number | undefined {
  return highestCommon(
    settings.map(({ steps }) =>
      steps.filter((step) => !isOverloaded(step)).map(({ requestsPerS }) => requestsPerS),
    ),
  );
}

/** Of ascending lists, the greatest number that stands in all of them. */
function highestCommon([first, ...rest]: readonly (readonly number[])[]): number | undefined {
  return first?.findLast((rate) => rest.every((rates) => rates.includes(rate)));
}
