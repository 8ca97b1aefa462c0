import { seededRandom } from '../../load/random.ts';
import type { PhaseEdges } from '../../measure/phases.ts';
import type { Protocol } from '../../protocols/protocol.ts';
import type { Prepared, Template } from '../../transports/transport.ts';
import { createWorkload } from '../../workload/create-workload.ts';
import type { RequestClass, Workload } from '../../workload/workload.ts';
import type { LoadAssignment } from '../load-engine.ts';
import { AnswerCheck } from './answer-check.ts';
import { makeProtocol } from './make-protocol.ts';
import { Staleness } from './staleness.ts';

/** Every request that a workload can send, prepared before the clock, and which of them an index sends. */
export interface RequestPlan {
  /** By sample. */
  readonly requests: readonly Prepared[];
  readonly rows: Uint32Array;
  readonly classes: Uint16Array;
  readonly classFacts: readonly RequestClass[];
  sampleOf(index: number): number;
  payloadOf(index: number): number;
}

type Asked = Pick<
  LoadAssignment,
  'seed' | 'protocol' | 'stream' | 'http' | 'grpc' | 'model' | 'otherModels' | 'workload'
>;

/** Throws UsageError with every problem of the workload. */
export function requestPlan(asked: Asked, prepare: (template: Template) => Prepared): RequestPlan {
  const workload = workloadOf(asked);
  const protocols = workload.classes.map((one) => protocolOfClass(asked, one));
  const rows = new Uint32Array(workload.samples);
  const classes = new Uint16Array(workload.samples);
  const requests = Array.from({ length: workload.samples }, (_, number) => {
    const sample = workload.sample(number);
    rows[number] = sample.rows;
    classes[number] = sample.requestClass;
    const protocol = protocols[sample.requestClass];
    if (protocol === undefined) throw new Error(`sample ${number} belongs to no class`);
    return prepare(protocol.encode(sample));
  });
  return {
    requests,
    rows,
    classes,
    classFacts: workload.classes,
    sampleOf: (index) => workload.sampleOf(index),
    payloadOf: (index) => workload.payloadOf(index),
  };
}

/** Throws UsageError with every problem. Reads files. */
export function workloadOf({ seed, protocol, workload, model, otherModels = [] }: Asked): Workload {
  // One request, written out by the user: there is nothing to draw.
  const asked =
    protocol === 'http' || protocol === 'grpc' ? ({ ...workload, distinct: 1 } as const) : workload;
  return createWorkload(asked, [model, ...otherModels], payloadStreams(seed));
}

/** The streams of all that a workload draws; those below belong to the schedules. */
export function payloadStreams(seed: number): (stream: number) => () => number {
  return (stream) => seededRandom(seed, FIRST_SAMPLE_STREAM + stream);
}

const FIRST_SAMPLE_STREAM = 1000;
/** Below the samples: of the choice of answers that are compared, and of the worlds behind the payloads. */
const CHECK_STREAM = 999;
const WORLD_STREAM = 998;

/** What compares answers, where the assignment brings what they should be. */
export function answerCheck(
  { seed, workload, goldens }: LoadAssignment,
  { payloadOf }: RequestPlan,
  protocol: Protocol,
): AnswerCheck | undefined {
  const { validate } = workload;
  if (validate === undefined || goldens === undefined) return undefined;
  return new AnswerCheck({ validate, goldens, payloadOf, protocol, salt: saltOf(seed, CHECK_STREAM) });
}

/** What counts stale answers, where the scenario says how often what lies behind them changes. */
export function stalenessOf(
  { seed, workload }: LoadAssignment,
  { payloadOf }: RequestPlan,
  { warmupAtMs: beginAtMs, measureAtMs }: PhaseEdges,
): Staleness | undefined {
  const { changeEveryMs } = workload;
  if (changeEveryMs === undefined) return undefined;
  return new Staleness({
    changeEveryMs,
    payloadOf,
    beginAtMs,
    measureAtMs,
    salt: saltOf(seed, WORLD_STREAM),
  });
}

function saltOf(seed: number, stream: number): number {
  return Math.floor(seededRandom(seed, stream)() * 0x1_0000_0000) | 0;
}

/** How the samples of a class are written. */
export function protocolOfClass(asked: Asked, one: RequestClass): Protocol {
  const { model, otherModels = [] } = asked;
  const named = [model, ...otherModels].find(({ name }) => name === one.model) ?? model;
  return makeProtocol(asked, named, one.encoding);
}
