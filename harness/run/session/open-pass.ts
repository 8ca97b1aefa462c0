import { TargetError } from '../../errors.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import { takesShares } from '../../scenario/load-labels.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { bestSaturation, openCases } from '../plan/plan.ts';
import { addCounts } from '../results/pooled-facts.ts';

/**
 * The open cases at the rates that the closed pass has shown, and apart those that the scenario forbids. Throws
 * TargetError where rates are shares of what the closed pass carried, and it carried nothing.
 */
export function openPass(
  scenario: Scenario,
  closedPass: readonly CaseRecord[],
): ReturnType<typeof openCases> {
  const saturation = bestSaturation(closedPass);
  const needsOne = scenario.settings.some(({ load }) => takesShares(load));
  if (needsOne && saturation === undefined) throw nothingCarried(closedPass);
  return openCases(scenario, saturation);
}

/** Every request of the closed pass failed, so there is no rate to take shares of. */
function nothingCarried(cases: readonly CaseRecord[]): TargetError {
  const { byOutcome } = addCounts(cases.map(({ counts }) => counts));
  const seen = Object.entries(byOutcome)
    .map(([outcome, count]) => `${count} ${outcome}`)
    .join(', ');
  return new TargetError(
    `The closed pass brought no answer home (${seen === '' ? 'nothing was finished' : seen}), so there is no rate that shares could be of.`,
    'Look at the server, and at load.timeout and measure.duration; or name a rate: load.poisson.rate.',
  );
}
