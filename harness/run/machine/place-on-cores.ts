import type { TargetSpec } from '../../scenario/target-spec.ts';
import { type Placement, placeOnCores } from '../../targets/placement.ts';
import { availableCpus } from './available-cpus.ts';

/** Where server and generator run: a server of ours gets cores of its own, somebody else's is left alone. */
export function placementFor(spec: TargetSpec): Placement {
  if (spec.kind === 'external') return { server: undefined, generator: undefined, shared: false };
  return placeOnCores(availableCpus(), spec);
}
