import { rateLaw } from '../load/rate-law.ts';
import { LATEST } from '../record/folder-names.ts';
import { readRun } from '../record/read-run.ts';
import { expectedTrialS } from '../run/plan/assignment.ts';
import { resolvedLaw, roundRate, type Saturation } from '../run/plan/offered-load.ts';
import {
  ANY_SATURATION,
  bestSaturation,
  closedCases,
  openCases,
  type PlannedCase,
  peakOf,
} from '../run/plan/plan.ts';
import { searchedSettings, verdictMsOf } from '../run/plan/search-plan.ts';
import { arrivalsLabel, CAPACITY, openLabels } from '../scenario/load-labels.ts';
import { hasShares, lawWords, rateLabel } from '../scenario/rate-law.ts';
import type { Scenario } from '../scenario/scenario.ts';
import type { DryRunPlan } from '../terminal/dry-run.ts';

/** Plans a run without sending anything; a ladder's rates are those of the newest run of the same scenario here. */
export function dryRunPlan(scenario: Scenario, outFolder: string): DryRunPlan {
  const last = lastSaturation(scenario, outFolder);
  const closed = closedCases(scenario);
  const open = openCases(scenario, last ?? ANY_SATURATION).cases;
  const isKnown = (one: PlannedCase) =>
    (one.load.fractionOf ?? one.load.law?.sharesOf) === undefined || last !== undefined;
  const { trials, stop } = scenario.measure;
  const longestMs = (one: PlannedCase) => stop?.maxDurationMs ?? one.durationMs;
  const [first] = scenario.settings;
  const all = [...closed, ...open];
  const searches = searchedSettings(scenario);
  const verdicts = searches.map(({ load }) => verdictMsOf(scenario.measure, load.open.atMostMs));
  const probes = searches.map(({ load }) => load.open.atMostMs);
  return {
    settings: scenario.settings.length,
    closedCases: closed.length,
    openCases: open.length,
    searches: searches.length,
    trials,
    totalS: (all.length + searches.length) * trials * expectedTrialS(scenario),
    measuredS: (trials * sum([...all.map(longestMs), ...verdicts]) + sum(probes)) / 1000,
    loads: [
      ...verdictLoads(verdicts),
      ...open
        .filter(({ setting, load }) => setting === first && load.shape !== 'closed')
        .map((one) => ({
          label: one.load.label,
          measuredS: longestMs(one) / 1000,
          ownLength: one.load.law !== undefined && one.durationMs !== scenario.measure.durationMs,
          ...(isKnown(one)
            ? { requestsPerS: one.load.resolvedRate, peakPerS: peakOf(one) }
            : { requestsPerS: undefined, peakPerS: undefined }),
        })),
    ],
    requests:
      open.every(isKnown) && searches.length === 0
        ? Math.ceil(trials * sum(open.map((one) => requestsOf(one, longestMs(one), scenario))))
        : undefined,
    ratesFrom: ratesFrom(scenario, last),
    to: first?.target.kind === 'external' ? first.target.url : 'a server on 127.0.0.1 started for it',
  };
}

/** What the run that proves a capacity will be able to show, at whatever rate that is. */
function verdictLoads([verdictMs]: readonly number[]): DryRunPlan['loads'] {
  if (verdictMs === undefined) return [];
  return [{ label: CAPACITY, measuredS: verdictMs / 1000, requestsPerS: undefined, peakPerS: undefined }];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Expected over warm-up and measure phase. */
function requestsOf({ load, setting }: PlannedCase, durationMs: number, { measure }: Scenario): number {
  const { open } = setting.load;
  if (open?.kind === 'offline') return open.samples;
  const firstPerS =
    open?.kind === 'law'
      ? rateLaw(resolvedLaw(open.law, load.law?.sharesOf?.ofRate)).ratePerS(0)
      : (load.resolvedRate ?? 0);
  return (firstPerS * measure.warmupMs + (load.resolvedRate ?? 0) * durationMs) / 1000;
}

function ratesFrom({ settings: [first] }: Scenario, last: Saturation | undefined): string {
  const open = first?.load.open;
  if (open?.kind === 'offline') return `none: ${open.samples} samples at once`;
  if (open === undefined) return 'none: a closed loop only';
  if (open.kind === 'replay')
    return `those of ${open.every === undefined ? 'the' : `1 in ${open.every},`} ${open.recording.rows} arrivals in ${open.recording.written}`;
  if (open.kind === 'law') {
    const law = `${lawWords(open.law)}; ${arrivalsLabel(open.arrivals)} arrivals`;
    if (!hasShares(open.law)) return law;
    return last === undefined
      ? `${law}; shares of the best saturation, which the run measures first`
      : `${law}; last time here ${lawWords(resolvedLaw(open.law, last.requestsPerS))}`;
  }
  const shares = openLabels(open).join(', ');
  if (open.kind === 'rate') return shares;
  if (open.kind === 'find') {
    return `searched from ${rateLabel(open.startPerS)} on: doubled until the promise breaks, then narrowed to ${open.precision * 100} % within ${open.atMostMs / 1000} s`;
  }
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
