import { slotsOf } from '../../load/closed.ts';
import type { Pacer } from '../../load/pacer.ts';
import { replaySchedule } from '../../load/replay.ts';
import { allAtOnce, lawSchedule, openSchedule, type Schedule, sliceOf } from '../../load/schedule.ts';
import type { PhaseEdges } from '../../measure/phases.ts';
import type { LoadAssignment } from '../load-engine.ts';
import { ClosedDriver } from './closed-driver.ts';
import type { Dispatch, Driver } from './driver.ts';
import { OpenDriver } from './open-driver.ts';

/** What decides when this generator's share of a load is due. */
export function driverFor(
  assignment: LoadAssignment,
  edges: PhaseEdges,
  pacer: Pacer,
  dispatch: Dispatch,
): Driver {
  const { load, generator, seed, warmupMs } = assignment;
  const shared = {
    generator,
    startAtMs: edges.warmupAtMs,
    endAtMs: edges.measureEndAtMs,
    pacer,
    dispatch,
  };
  if (load.shape === 'closed') {
    const { inFlight, thinkTimeMs } = load;
    const slots = slotsOf(inFlight, generator.index, generator.of);
    return new ClosedDriver({ ...shared, slots, inFlight, thinkTimeMs, warmupMs });
  }
  const whole = scheduleOf(load, seed, warmupMs);
  return new OpenDriver({ ...shared, slice: sliceOf(whole, generator.index, generator.of) });
}

type OpenShape = Exclude<LoadAssignment['load'], { readonly shape: 'closed' }>;

/** The one global schedule, whose zero is the start of the warm-up. */
function scheduleOf(load: OpenShape, seed: number, warmupMs: number): Schedule {
  switch (load.shape) {
    case 'open':
      return openSchedule({ ...load, seed });
    case 'law':
      return lawSchedule({ ...load, seed, leadMs: warmupMs });
    case 'offline':
      return allAtOnce(load.samples, warmupMs);
    case 'replay':
      return replaySchedule({ ...load, leadMs: warmupMs });
  }
}
