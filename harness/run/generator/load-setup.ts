import { slotsOf } from '../../load/closed.ts';
import type { PhaseEdges } from '../../measure/phases.ts';
import type { RecorderOptions } from '../../measure/recorder.ts';
import { windowLengthMs } from '../../measure/windows.ts';
import type { LoadAssignment } from '../load-engine.ts';
import { isGrpc } from '../requests/make-transport.ts';
import type { RequestPlan } from '../requests/request-plan.ts';

/** An open loop starts with so many connections; more are opened as they are needed. */
const OPEN_LOOP_CONNECTIONS = 32;
/** Requests in flight and connections, and how many of these are opened beforehand. */
export function boundsOf(assignment: LoadAssignment): {
  maxInFlight: number;
  connections: number;
  ahead: number;
} {
  const { load, generator } = assignment;
  if (load.shape === 'closed') {
    const slots = slotsOf(load.inFlight, generator.index, generator.of);
    const connections = Math.min(slots, assignment.connections ?? slots);
    return { maxInFlight: slots, connections, ahead: aheadOf(assignment, connections) };
  }
  const { maxInFlight, connections = maxInFlight } = assignment;
  const ahead = aheadOf(assignment, Math.min(connections, maxInFlight, OPEN_LOOP_CONNECTIONS));
  return { maxInFlight, connections, ahead };
}

/** Where requests share a connection, one does until the server's limit of streams, unless the user wants more. */
function aheadOf({ protocol, connections }: LoadAssignment, wanted: number): number {
  return isGrpc(protocol) && connections === undefined ? 1 : wanted;
}

/** Whole milliseconds, so that an instant computed from an edge compares exactly with it. */
export function edgesFrom(startAtMs: number, { warmupMs, durationMs }: LoadAssignment): PhaseEdges {
  const warmupAtMs = Math.ceil(startAtMs);
  const measureAtMs = warmupAtMs + warmupMs;
  return { warmupAtMs, measureAtMs, measureEndAtMs: measureAtMs + durationMs };
}

export function recorderOptions(
  assignment: LoadAssignment,
  { classFacts }: Pick<RequestPlan, 'classFacts'>,
  edges: PhaseEdges,
): RecorderOptions {
  const { warmupMs, durationMs, drainMs } = assignment;
  return {
    edges,
    windowMs: windowLengthMs(assignment.windowMs, warmupMs + durationMs + drainMs),
    ...(classFacts.length === 1 ? {} : { classes: classFacts.map(({ name }) => name) }),
    goodWithinMs: assignment.goodWithinMs,
  };
}
