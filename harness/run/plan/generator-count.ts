import type { LoadRecord } from '../../record/load-record.ts';
import type { LoadSpec } from '../../scenario/load-spec.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import type { TargetSpec } from '../../scenario/target-spec.ts';
import { availableCpus } from '../machine/available-cpus.ts';
import { placementFor } from '../machine/place-on-cores.ts';

/** Requests/s for which `auto` gives a thread: a quarter of what one can send, so that it sends them on time. */
const PER_THREAD_PER_S = 20_000;

/**
 * How many threads drive a case: as many as the scenario says; `auto` is one for every 20,000 requests/s, never more
 * than the cores beside the server, and one for a closed loop, whose rate nobody knows. Each has at least one request
 * in flight and one connection.
 */
export function generatorCount(
  { generators = 1 }: Pick<LoadSpec, 'generators'>,
  load: Pick<LoadRecord, 'resolvedRate' | 'law' | 'maxInFlight' | 'connections'>,
  cores: () => number,
): number {
  const peakPerS = load.law?.peakPerS ?? load.resolvedRate ?? 0;
  const wished =
    generators === 'auto' ? Math.min(cores(), Math.ceil(peakPerS / PER_THREAD_PER_S)) : generators;
  return Math.max(1, Math.min(wished, load.maxInFlight, load.connections));
}

/** Cores that the generators of this target may use. */
export function generatorCores(target: TargetSpec): number {
  return (placementFor(target).generator ?? availableCpus()).length || 1;
}

/** The first setting whose generators outnumber their cores; undefined where none does. */
export function crowded({ settings }: Scenario): { generators: number; cores: number } | undefined {
  for (const { load, target } of settings) {
    const cores = generatorCores(target);
    if (typeof load.generators === 'number' && load.generators > 1 && load.generators > cores) {
      return { generators: load.generators, cores };
    }
  }
  return undefined;
}
