import { type Problem, UsageError } from '../../errors.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { RunningTarget } from '../../targets/target.ts';
import { workloadOf } from './request-plan.ts';

/**
 * Builds every workload of the settings that are measured on the target's model, so that a sample which does not fit
 * is found before the first request and not in the middle of the run. Throws UsageError with every problem of all.
 */
export function checkWorkloads(scenario: Scenario, { spec, model, otherModels = [] }: RunningTarget): void {
  const problems = new Map<string, Problem>();
  const checked = new Set<string>();
  for (const { target, workload } of scenario.settings) {
    const key = JSON.stringify(workload);
    if (target.model !== spec.model || target.kind !== spec.kind || checked.has(key)) continue;
    checked.add(key);
    try {
      const { protocol = 'oip-rest' } = spec;
      workloadOf({ seed: scenario.measure.seed, protocol, model, otherModels, workload });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      for (const problem of error.problems) problems.set(JSON.stringify(problem), problem);
    }
  }
  if (problems.size > 0) throw new UsageError([...problems.values()]);
}
