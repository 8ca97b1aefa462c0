import { calibratedClock, type NowMs } from '../../load/clock.ts';
import { threadTaskPath } from '../../load/thread.ts';
import { Recorder, type RecorderOptions } from '../../measure/recorder.ts';
import { packageVersion } from '../../package-files.ts';
import { liveHistograms } from '../../statistics/histogram.ts';
import type { Transport } from '../../transports/transport.ts';
import type { LoadAssignment, LoadResult, LoadWatch } from '../load-engine.ts';
import { RawLogFile } from '../raw-log/raw-log-file.ts';
import type { AnswerCheck } from '../requests/answer-check.ts';
import { CheckedReader } from '../requests/checked-reader.ts';
import { makeProtocol } from '../requests/make-protocol.ts';
import { makeTransport, type TransportOptions } from '../requests/make-transport.ts';
import { answerCheck, type RequestPlan, requestPlan, stalenessOf } from '../requests/request-plan.ts';
import { openSockets, type Sockets } from '../requests/sockets.ts';
import type { Staleness } from '../requests/staleness.ts';
import { driverFor } from './driver-for.ts';
import { GeneratorVitals } from './generator-vitals.ts';
import { LoadRun } from './load-run.ts';
import { boundsOf, edgesFrom, recorderOptions } from './load-setup.ts';
import { RequestsInFlight } from './requests-in-flight.ts';

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
  const transport = transportFor(assignment, {
    connections: bounds.connections,
    now,
    sockets: sockets.source,
    sink: flights,
  });
  try {
    const plan = requestPlan(assignment, (template) => transport.prepare(template));
    check = answerCheck(assignment, plan, protocol);
    await transport.connect(bounds.ahead);
    const startAtMs = (await watch.startTogether?.()) ?? now() + LEAD_MS;
    const { run, rawLog, staleness } = begin(
      { assignment, watch, now, sockets, transport, flights, plan },
      startAtMs,
    );
    const payloadKeys = plan.classFacts.map(({ keys }) => keys ?? null);
    const result = await run.untilDone();
    const stale = staleness === undefined ? {} : { staleness: staleness.close() };
    const undestroyedHistograms = liveHistograms();
    const answers = check === undefined ? {} : { answers: check.facts };
    const facts = { payloadKeys, ...answers, ...stale, sockets: sockets.kind };
    return { result: { ...result, undestroyedHistograms, ...facts }, rawLog };
  } finally {
    transport.close();
    await sockets.pacer.stop();
  }
}

/** What has been opened and prepared for a load. */
interface Ready {
  readonly assignment: LoadAssignment;
  readonly watch: LoadWatch;
  readonly now: NowMs;
  readonly sockets: Sockets;
  readonly transport: Transport;
  readonly flights: RequestsInFlight;
  readonly plan: RequestPlan;
}

/** Joins driver, requests and recorder, and starts the pacer that wakes them; `startAtMs`: of the warm-up. */
function begin(
  { assignment, watch, now, sockets, transport, flights, plan }: Ready,
  startAtMs: number,
): { run: LoadRun; rawLog: RawLogFile | undefined; staleness: Staleness | undefined } {
  const { pacer } = sockets;
  const edges = edgesFrom(startAtMs, assignment);
  const recording = recorderOptions(assignment, plan, edges);
  const recorder = new Recorder(recording);
  const rawLog = rawLogFile(assignment, recording);
  const staleness = stalenessOf(assignment, plan, edges);
  const driver = driverFor(assignment, edges, pacer, (at, index) => flights.dispatch(at, index));
  const vitals = new GeneratorVitals([threadTaskPath(), pacer.taskPath], sockets.sleep);
  const run = new LoadRun({ assignment, edges, now, driver, flights, recorder, transport, vitals, watch });
  flights.use({
    transport,
    plan,
    recorder,
    rawLog: rawLog?.log,
    staleness,
    onFree: (doneAtMs) => run.freed(doneAtMs),
  });
  pacer.begin(
    edges.warmupAtMs,
    () => run.wake(),
    (plannedAtMs, lagMs) => recorder.receiveLag(plannedAtMs, lagMs),
  );
  return { run, rawLog, staleness };
}

function transportFor(
  { endpoint, runId, timeoutMs, keepAlive = true, ...asked }: LoadAssignment,
  own: Pick<TransportOptions, 'connections' | 'now' | 'sockets' | 'sink'>,
): Transport {
  const headers = {
    'User-Agent': `inferometer/${packageVersion()}`,
    'X-Inferometer-Run': runId,
    ...endpoint.headers,
  };
  return makeTransport(asked, { ...own, url: endpoint.url, headers, timeoutMs, keepAlive });
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
