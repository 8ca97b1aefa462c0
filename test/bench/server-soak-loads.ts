import type { LoadAssignment } from '../../harness/run/load-engine.ts';
import { ZOO, type ZooModel } from '../../reference-server/models/zoo/zoo.ts';
import { assignment } from '../support/assignment.ts';
import { TINY_INPUTS, TINY_OUTPUTS } from './tiny-model.ts';

/** Where a soaking server listens. */
export interface Doors {
  readonly rest: string;
  readonly grpc: string;
}

export type SoakLoad = (doors: Doors, seconds: number) => LoadAssignment;

/** The name under which a model is served whose answers are kept. */
export const KEPT = 'kept';

const ZIPF = { distribution: 'zipf', s: 1, keys: 5000 } as const;
const SOAKED: readonly Pick<ZooModel, 'name' | 'inputs' | 'outputs' | 'examples'>[] = [
  ...ZOO,
  { name: 'tiny', inputs: TINY_INPUTS, outputs: TINY_OUTPUTS },
];

/** Every door, encoding and kind of model, each kept busy with a few requests in flight. */
export const SOAK_LOADS: readonly SoakLoad[] = [
  load('recommender', { inFlight: 4 }),
  load('text-sentiment', { inFlight: 2, payload: { encoding: 'json' } }),
  load('tiny', { inFlight: 4 }),
  load('demand-forecast', { inFlight: 2, as: KEPT, payload: { keys: ZIPF } }),
  load('demand-forecast', { inFlight: 2, changes: { protocol: 'oip-grpc' } }),
  load('tiny', { inFlight: 2, changes: { protocol: 'oip-grpc', stream: true } }),
  load('tiny', { inFlight: 1, changes: { keepAlive: false } }),
];

interface LoadChoice {
  readonly inFlight: number;
  /** Left out: the model's own name. */
  readonly as?: string;
  readonly payload?: Partial<LoadAssignment['workload']>;
  readonly changes?: Partial<LoadAssignment>;
}

function load(source: string, { inFlight, as = source, payload, changes }: LoadChoice): SoakLoad {
  const model = SOAKED.find((candidate) => candidate.name === source);
  if (model === undefined) throw new Error(`nothing is known of ${source}`);
  const examples = Object.entries(model.examples ?? {});
  const overGrpc = changes?.protocol === 'oip-grpc';
  return ({ rest, grpc }, seconds) =>
    assignment(rest, {
      load: { shape: 'closed', inFlight, thinkTimeMs: 1 },
      connections: inFlight,
      maxInFlight: inFlight,
      warmupMs: 0,
      durationMs: seconds * 1000,
      drainMs: 20_000,
      timeoutMs: 20_000,
      windowMs: 1000,
      model: { name: as, inputs: model.inputs, outputs: model.outputs },
      workload: {
        rows: 1,
        encoding: 'binary',
        inputs: Object.fromEntries(examples.map(([input, { values }]) => [input, values])),
        shapes: Object.fromEntries(examples.map(([input, { shape }]) => [input, shape])),
        distinct: 'all',
        ...payload,
      },
      ...changes,
      endpoint: { url: overGrpc ? grpc : rest, headers: {} },
    });
}
