import { readRun } from '../record/read-run.ts';
import { LATEST } from '../record/store.ts';
import { expectedTrialS } from '../run/assignment.ts';
import {
  ANY_SATURATION,
  bestSaturation,
  closedCases,
  openCases,
  roundRate,
  type Saturation,
} from '../run/plan.ts';
import { fractionLabel, rateLabel } from '../scenario/load-labels.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { DryRunPlan } from '../terminal/dry-run.ts';

/** Plans a run without sending anything; a ladder's rates are those of the newest run of the same scenario here. */
export function dryRunPlan(scenario: Scenario, outFolder: string): DryRunPlan {
  const last = lastSaturation(scenario, outFolder);
  const closed = closedCases(scenario).length;
  const open = openCases(scenario, last ?? ANY_SATURATION).cases;
  const { trials, durationMs } = scenario.measure;
  const [first] = scenario.settings;
  const limit = scenario.limits.maxRequestsPerS ?? Number.POSITIVE_INFINITY;
  const all = (closed + open.length) * trials;
  return {
    settings: scenario.settings.length,
    closedCases: closed,
    openCases: open.length,
    trials,
    totalS: all * expectedTrialS(scenario),
    measuredS: (all * durationMs) / 1000,
    loads: loadsOf(scenario, last).filter(({ requestsPerS = 0 }) => requestsPerS <= limit),
    ratesFrom: ratesFrom(scenario, last),
    to: first?.target.kind === 'external' ? first.target.url : 'a server on 127.0.0.1 started for it',
  };
}

function loadsOf({ settings: [first] }: Scenario, last: Saturation | undefined): DryRunPlan['loads'] {
  const open = first?.load.open;
  if (open === undefined) return [];
  if (open.kind === 'rate') return [{ label: rateLabel(open.requestsPerS), requestsPerS: open.requestsPerS }];
  return open.fractions.map((fraction) => ({
    label: fractionLabel(fraction),
    requestsPerS: last === undefined ? undefined : roundRate(fraction * last.requestsPerS),
  }));
}

function ratesFrom({ settings: [first] }: Scenario, last: Saturation | undefined): string {
  const open = first?.load.open;
  if (open === undefined) return 'none: a closed loop only';
  if (open.kind === 'rate') return rateLabel(open.requestsPerS);
  const shares = open.fractions.map(fractionLabel).join(', ');
  if (last === undefined) return `${shares} of the best saturation, which the run measures first`;
  const rates = open.fractions.map((fraction) => roundRate(fraction * last.requestsPerS)).join(', ');
  return `${shares} of the best saturation; last time here ${rates}/s`;
}

function lastSaturation(scenario: Scenario, outFolder: string): Saturation | undefined {
  try {
    const record = readRun(`${outFolder}/${LATEST}`);
    return record.scenario.hash === scenario.hash ? bestSaturation(record.cases) : undefined;
  } catch {
    return undefined;
  }
}
