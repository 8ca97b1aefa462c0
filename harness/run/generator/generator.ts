import { calibratedClock } from '../../load/clock.ts';
import { slotsOf } from '../../load/closed.ts';
import type { Pacer } from '../../load/pacer.ts';
import { replaySchedule } from '../../load/replay.ts';
import { allAtOnce, lawSchedule, openSchedule, type Schedule, sliceOf } from '../../load/schedule.ts';
import { threadTaskPath } from '../../load/thread.ts';
import type { PhaseEdges } from '../../measure/phases.ts';
import { Recorder, type RecorderOptions } from '../../measure/recorder.ts';
import { windowLengthMs } from '../../measure/windows.ts';
import { packageVersion } from '../../package-files.ts';
import { liveHistograms } from '../../statistics/histogram.ts';
import type { LoadAssignment, LoadResult, LoadWatch } from '../load-engine.ts';
import { RawLogFile } from '../raw-log/raw-log-file.ts';
import type { AnswerCheck } from '../requests/answer-check.ts';
import { CheckedReader } from '../requests/checked-reader.ts';
import { makeProtocol } from '../requests/make-protocol.ts';
import { isGrpc, makeTransport } from '../requests/make-transport.ts';
import { answerCheck, type RequestPlan, requestPlan } from '../requests/request-plan.ts';
import { openSockets } from '../requests/sockets.ts';
import { ClosedDriver } from './closed-driver.ts';
import type { Driver } from './driver.ts';
import { GeneratorVitals } from './generator-vitals.ts';
import { LoadRun } from './load-run.ts';
import { OpenDriver } from './open-driver.ts';
import { RequestsInFlight } from './requests-in-flight.ts';

/** An open loop starts with so many connections; more are opened as they are needed. */
const OPEN_LOOP_CONNECTIONS = 32;
/** From fixing the schedule's zero to its first arrival. */
const LEAD_MS = 20;

/** One generator, in this thread: connect -> warm-up -> measure -> drain -> close. Ends, whatever the server does. */
export async function runGenerator(assignment: LoadAssignment, watch: LoadWatch): Promise<LoadResult> {
  const { result, rawLog } = await drive(assignment, watch);
  return rawLog === undefined ? result : await rawLog.end(result);
}

/** When it resolves, sockets and pacer are at rest: nothing reaches the closed recorder any more. */
async function drive(
  assignment: LoadAssignment,
  watch: LoadWatch,
): Promise<{ result: LoadResult; rawLog: RawLogFile | undefined }> {
  const now = calibratedClock();
  const bounds = boundsOf(assignment);
  const protocol = makeProtocol(assignment, assignment.model, assignment.workload.encoding);
  let check: AnswerCheck | undefined;
  const flights = new RequestsInFlight({
    newReader: () => (check === undefined ? protocol.reader() : new CheckedReader(protocol.reader(), check)),
    maxInFlight: bounds.maxInFlight,
    now,
  });
  const sockets = await openSockets(assignment, now);
  const { pacer } = sockets;
  const transport = makeTransport(assignment, {
    url: assignment.endpoint.url,
    headers: {
      'User-Agent': `inferometer/${packageVersion()}`,
      'X-Inferometer-Run': assignment.runId,
      ...assignment.endpoint.headers,
    },
    connections: bounds.connections,
    timeoutMs: assignment.timeoutMs,
    keepAlive: assignment.keepAlive ?? true,
    now,
    sockets: sockets.source,
    sink: flights,
  });
  try {
    const plan = requestPlan(assignment, (template) => transport.prepare(template));
    check = answerCheck(assignment, plan, protocol);
    await transport.connect(bounds.ahead);
    const startAtMs = (await watch.startTogether?.()) ?? now() + LEAD_MS;
    const edges = edgesFrom(startAtMs, assignment);
    const recording = recorderOptions(assignment, plan, edges);
    const recorder = new Recorder(recording);
    const rawLog = rawLogFile(assignment, recording);
    const driver = driverFor(assignment, edges, pacer, (at, index) => flights.dispatch(at, index));
    const vitals = new GeneratorVitals([threadTaskPath(), pacer.taskPath], sockets.sleep);
    const run = new LoadRun({ assignment, edges, now, driver, flights, recorder, transport, vitals, watch });
    flights.use({
      transport,
      plan,
      recorder,
      rawLog: rawLog?.log,
      onFree: (doneAtMs) => run.freed(doneAtMs),
    });
    pacer.begin(
      edges.warmupAtMs,
      () => run.wake(),
      (plannedAtMs, lagMs) => recorder.receiveLag(plannedAtMs, lagMs),
    );
    const payloadKeys = plan.classFacts.map(({ keys }) => keys ?? null);
    const result = await run.untilDone();
    const undestroyedHistograms = liveHistograms();
    const answers = check === undefined ? {} : { answers: check.facts };
    const facts = { payloadKeys, ...answers, sockets: sockets.kind };
    return { result: { ...result, undestroyedHistograms, ...facts }, rawLog };
  } finally {
    transport.close();
    await pacer.stop();
  }
}

/** Requests in flight and connections, and how many of these are opened beforehand. */
function boundsOf(assignment: LoadAssignment): {
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
function edgesFrom(startAtMs: number, { warmupMs, durationMs }: LoadAssignment): PhaseEdges {
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

function rawLogFile(
  { rawLog, generator }: LoadAssignment,
  recording: RecorderOptions,
): RawLogFile | undefined {
  if (rawLog === undefined) return undefined;
  const { path, ...subject } = rawLog;
  return new RawLogFile(
    `${path}-generator-${generator.index}`,
    { ...subject, generator: generator.index, generators: generator.of },
    recording,
  );
}

function driverFor(
  assignment: LoadAssignment,
  edges: PhaseEdges,
  pacer: Pacer,
  dispatch: (intendedAtMs: number, index: number) => void,
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
