import { type Problem, UsageError } from '../../errors.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { TargetSpec } from '../../scenario/target-spec.ts';
import type { RunningTarget } from '../../targets/target.ts';
import { workloadOf } from './request-plan.ts';

/** One target for each further model whose inputs decide what can be sent, in the scenario's order. */
export function otherTargets({ settings }: Scenario, known: TargetSpec): TargetSpec[] {
  const keyOf = ({ kind, model }: TargetSpec) => JSON.stringify([kind, model]);
  const byModel = new Map<string, TargetSpec>([[keyOf(known), known]]);
  for (const { target } of settings) if (!byModel.has(keyOf(target))) byModel.set(keyOf(target), target);
  return [...byModel.values()].slice(1);
}

/**
 * Builds every workload of the settings that are measured on the target's model, so that a sample which does not fit
 * is found before the first request and not in the middle of the run.
 */
export function workloadProblems(
  scenario: Scenario,
  { spec, model, otherModels = [] }: RunningTarget,
): Problem[] {
  const problems: Problem[] = [];
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
      problems.push(...error.problems);
    }
  }
  return problems;
}

/** Throws UsageError with every problem, each once. */
export function refuse(problems: readonly Problem[]): void {
  const once = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  if (once.size > 0) throw new UsageError([...once.values()]);
}
