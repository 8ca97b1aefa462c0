import type { LoadAssignment } from '../../harness/run/load-engine.ts';
import type { TensorSpec } from '../../reference-server/execution/tensors.ts';
import { ensureModel } from '../../reference-server/models/zoo/model-cache.ts';
import { ZOO } from '../../reference-server/models/zoo/zoo.ts';
import { assignment } from '../support/assignment.ts';
import type { Contender } from './contender.ts';
import { oursCommand } from './node-contenders.ts';
import type { RawTask } from './raw-runner.ts';
import { TINY_INPUTS, TINY_OUTPUTS, tinyModelFile } from './tiny-model.ts';

/** A model, and how a request for it looks. */
export interface ServingCase {
  readonly model: string;
  readonly provider: 'cpu' | 'webgpu';
  readonly modelPath: string;
  readonly inputs: RawTask['inputs'];
  readonly outputs: readonly TensorSpec[];
  /** Distributions by input, where not every number will do. */
  readonly values: Readonly<Record<string, string>>;
  /** Requests kept in flight, each of one row. */
  readonly inFlight: number;
}

/** A bundled model. */
export async function bundledCase(name: string, provider: ServingCase['provider']): Promise<ServingCase> {
  const model = ZOO.find((candidate) => candidate.name === name);
  if (model === undefined) throw new Error(`there is no bundled model ${name}`);
  return {
    model: name,
    provider,
    modelPath: await ensureModel(name),
    inputs: model.inputs.map((spec) => fixedInput(spec, model.examples?.[spec.name]?.shape)),
    outputs: model.outputs,
    values: Object.fromEntries(
      Object.entries(model.examples ?? {}).map(([input, { values }]) => [input, values]),
    ),
    inFlight: 32,
  };
}

export function tinyCase(): ServingCase {
  const inputs = TINY_INPUTS.map((spec) => fixedInput(spec, undefined));
  const modelPath = tinyModelFile();
  return {
    model: 'tiny',
    provider: 'cpu',
    modelPath,
    inputs,
    outputs: TINY_OUTPUTS,
    values: {},
    inFlight: 32,
  };
}

function fixedInput({ name, datatype, shape }: TensorSpec, example: readonly number[] | undefined) {
  if (datatype === 'BYTES') throw new Error(`the input ${name} is text`);
  return { name, datatype, shape: example ?? shape.slice(1) };
}

/** Our own engine in a closed loop: binary tensors over REST, each payload drawn anew from a few. */
export function servingLoad(given: ServingCase): Contender {
  return {
    name: 'served',
    missing: () => undefined,
    inFlight: 0,
    command: ({ url }, seconds) => oursCommand(closedLoop(given, url, seconds)),
    claims(output) {
      const line = output.trim().split('\n').at(-1) ?? '';
      return line.startsWith('{') ? (JSON.parse(line) as { ok: number; failed: number }) : undefined;
    },
  };
}

const WARMUP_MS = 200;

function closedLoop(given: ServingCase, url: string, seconds: number): LoadAssignment {
  const { model, inputs, outputs, inFlight } = given;
  return assignment(url, {
    load: { shape: 'closed', inFlight, thinkTimeMs: 0 },
    connections: inFlight,
    maxInFlight: inFlight,
    warmupMs: WARMUP_MS,
    durationMs: seconds * 1000 - WARMUP_MS,
    windowMs: 1000,
    timeoutMs: 120_000,
    drainMs: 120_000,
    model: {
      name: model,
      inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: [-1, ...shape] })),
      outputs,
    },
    workload: { rows: 1, encoding: 'binary', inputs: given.values, distinct: 16 },
  });
}
