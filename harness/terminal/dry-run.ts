import { expressionsOf } from '../gates/recommend.ts';
import { promisedPercentile } from '../gates/settings.ts';
import { formatCount, formatMs, formatNumber, listWords } from '../record/wording.ts';
import { changeWords } from '../scenario/event-spec.ts';
import type { Scenario } from '../scenario/scenario.ts';
import { workloadWords } from '../scenario/workload-words.ts';
import { smallestDifferencePct } from '../statistics/detectable-difference.ts';
import { samplesNeeded } from '../statistics/samples-needed.ts';
import { looksMs } from '../statistics/stopping.ts';
import { formatSeconds } from './format.ts';
import { alignColumns, axesText, labelled, wrap } from './layout.ts';

/** What a run would do, known before anything is sent. */
export interface DryRunPlan {
  readonly settings: number;
  readonly closedCases: number;
  readonly openCases: number;
  /** Settings whose capacity is searched; each ends in a case of its own. */
  readonly searches: number;
  readonly trials: number;
  readonly totalS: number;
  readonly measuredS: number;
  /** Open loads with their mean and highest rates, undefined when only the closed pass can tell them. */
  readonly loads: readonly PlannedLoad[];
  /** Expected of all open cases, warm-up included; undefined as long as a rate is. */
  readonly requests: number | undefined;
  /** Where the rates come from, in words. */
  readonly ratesFrom: string;
  readonly to: string;
}

export interface PlannedLoad {
  readonly label: string;
  readonly requestsPerS: number | undefined;
  readonly peakPerS: number | undefined;
  readonly measuredS: number;
  /** Its length is its own, so a longer measure phase is not to be had. */
  readonly ownLength?: boolean;
}

/** The percentile that is promised, and those that need most requests. */
function percentilesOf({ decide }: Scenario): readonly (readonly [name: string, p: number])[] {
  const promised = promisedPercentile(expressionsOf(decide.slo));
  return [...new Set([promised, 'p99', 'p999'] as const)].map((name) => [
    name === 'p999' ? 'p99.9' : name,
    Number(`0.${name.slice(1)}`),
  ]);
}

export function dryRunText(scenario: Scenario, plan: DryRunPlan): string {
  return [
    wrap(`${scenario.name} · ${scenario.question}`),
    '',
    ...summaryRows(scenario, plan).map(([label, text]) => labelled(label, text, 10)),
    '',
    ...percentileLines(scenario, plan),
    '',
    'Nothing was sent. The same command without --dry-run runs it.',
    '',
  ].join('\n');
}

function summaryRows(scenario: Scenario, plan: DryRunPlan): [label: string, text: string][] {
  const passes = [
    ...(plan.closedCases > 0 ? [`${plan.closedCases} saturation (closed loop)`] : []),
    ...(plan.openCases > 0 ? [`${plan.openCases} at a rate (open loop)`] : []),
    ...(plan.searches > 0 ? [`${plan.searches} at the capacity that probes find`] : []),
  ].join(' + ');
  const { stop } = scenario.measure;
  const trials = plan.trials > 1 ? `, ${plan.trials} trials each` : '';
  const most = Math.max(0, ...plan.loads.map(({ peakPerS }) => peakPerS ?? 0));
  const about =
    plan.requests === undefined
      ? ''
      : `${stop === undefined ? 'about' : 'up to'} ${formatCount(plan.requests)} requests, `;
  return [
    [
      'cases',
      `${plan.closedCases + plan.openCases + plan.searches} = ${passes}, over ${plan.settings} setting${plan.settings === 1 ? '' : 's'}${trials}`,
    ],
    [
      'time',
      `${stop === undefined ? 'about' : 'at most'} ${formatSeconds(plan.totalS)}, of which ${formatSeconds(plan.measuredS)} measured`,
    ],
    ...(scenario.quick === true ? [['quick', 'a third of every time, one trial'] as [string, string]] : []),
    ...stopRow(scenario),
    ['rates', plan.ratesFrom],
    ['sends to', `${plan.to}${most > 0 ? `, ${about}at most ${formatCount(most)}/s in the open loop` : ''}`],
    ...(plan.searches > 0 ? [atMostRow(scenario, plan)] : []),
    ...payloadRow(scenario),
    ...stalenessRow(scenario),
    ...eventRow(scenario),
    ...(scenario.skipped.length === 0 ? [] : [skippedRow(scenario)]),
  ];
}

/** When a case ends that is measured until a percentile is known well enough. */
function stopRow({ measure: { stop, durationMs: afterMs } }: Scenario): [label: string, text: string][] {
  if (stop === undefined) return [];
  const { of, precision, maxDurationMs: atMostMs } = stop;
  const looks = looksMs({ of, precision, afterMs, atMostMs }).length - 1;
  const wanted = `when ${of} is known to ±${formatNumber(100 * precision)} %`;
  const when = `looked at ${looks} times from ${formatSeconds(afterMs / 1000)} on`;
  return [['stops', `${wanted}, ${when}; after ${formatSeconds(atMostMs / 1000)} at the latest`]];
}

/** Left out where requests are drawn in the plain way. */
function payloadRow({ settings }: Scenario): [label: string, text: string][] {
  const told = new Set(settings.flatMap(({ workload }) => workloadWords(workload) ?? []));
  return told.size === 0 ? [] : [['payloads', [...told].join(' | ')]];
}

/** For which change rates stale answers are counted. */
function stalenessRow({ settings }: Scenario): [label: string, text: string][] {
  const times = new Set(settings.flatMap(({ workload }) => workload.changeEveryMs ?? []));
  if (times.size === 0) return [];
  const every = listWords([...times].sort((a, b) => a - b).map(formatMs));
  return [['staleness', `answers older than the last change of their data, if that changes every ${every}`]];
}

/** What will happen to the server, and in which cases. */
function eventRow({ events = [] }: Scenario): [label: string, text: string][] {
  const told = events.map(({ atMs, change, in: place }) => {
    const where = Object.keys(place).length === 0 ? '' : ` (${axesText(place)})`;
    return `${changeWords(change)} at ${formatMs(atMs)}${where}`;
  });
  return told.length === 0 ? [] : [['events', told.join('; ')]];
}

/** A search does not know its rates beforehand: what bounds them. */
function atMostRow(
  { limits: { maxRequestsPerS: limit } }: Scenario,
  plan: DryRunPlan,
): [label: string, text: string] {
  if (limit === undefined) {
    return ['at most', 'twice the highest rate that holds; limits.maxRate would bound it'];
  }
  return [
    'at most',
    `${formatCount(limit)}/s and ${formatCount(limit * plan.measuredS)} requests measured (limits.maxRate)`,
  ];
}

function skippedRow({ skipped }: Scenario): [label: string, text: string] {
  return ['skipped', `${skipped.map(axesText).join('; ')} (skip rules)`];
}

/** Which percentiles the open cases will be able to show, and at which rate they would. */
function percentileLines(scenario: Scenario, plan: DryRunPlan): string[] {
  if (plan.loads.length === 0) return [];
  // While no rate is known, one answer goes for every step.
  const known = plan.loads.filter(({ requestsPerS }) => requestsPerS !== undefined);
  const unknown = plan.loads.slice(0, 1).map((load) => ({ ...load, label: 'any rate' }));
  const loads = known.length > 0 ? known : unknown;
  const { trials, stop } = scenario.measure;
  const lengthField = stop === undefined ? 'measure.duration' : 'measure.stop.maxDuration';
  const seconds = trials * (loads[0]?.measuredS ?? 0);
  const rows = loads.flatMap((load) =>
    percentilesOf(scenario).map(([name, p]) =>
      percentileRow(`${name} at ${load.label}`, samplesNeeded(p), load, trials, lengthField),
    ),
  );
  const header = ['', 'needs', 'you get', ''];
  const highest = known.at(-1)?.requestsPerS;
  return [
    `  what ${formatSeconds(seconds)} per case can tell you (requests, if they were independent)`,
    ...alignColumns([header, ...rows], [0, 3]).map((line) => `    ${line}`),
    ...(highest === undefined
      ? []
      : [
          `    smallest difference in p99 you could see at the highest rate: ${difference(highest * seconds)}`,
        ]),
  ];
}

function difference(requests: number): string {
  const pct = smallestDifferencePct(requests);
  if (pct === undefined) return 'none';
  return pct > 100 ? 'more than 100 %' : `about ${Math.ceil(pct)} %`;
}

function percentileRow(
  name: string,
  needs: number,
  load: PlannedLoad,
  trials: number,
  lengthField: string,
): string[] {
  const { requestsPerS: rate, measuredS } = load;
  if (rate === undefined) {
    const from = Math.ceil(needs / (measuredS * trials));
    return [name, formatCount(needs), '?', `shown from ${formatCount(from)}/s on`];
  }
  const get = Math.floor(rate * measuredS * trials);
  if (get >= needs)
    return [name, formatCount(needs), formatCount(get), get < 2 * needs ? 'ok, wide interval' : 'ok'];
  const wouldDo =
    load.ownLength === true
      ? `--trials ${Math.ceil(needs / (rate * measuredS))}`
      : `${lengthField} ${Math.ceil(needs / rate)}s`;
  return [name, formatCount(needs), formatCount(get), `no: left out; ${wouldDo} would do`];
}
