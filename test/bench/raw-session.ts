import { createInterface } from 'node:readline';
import { Tensor } from 'onnxruntime-node';
import { seededRandom } from '../../harness/load/random.ts';
import { createWorkload } from '../../harness/workload/create-workload.ts';
import type { InputTensor } from '../../harness/workload/workload.ts';
import { openSession, type Provider } from '../../reference-server/execution/providers.ts';
import { ELEMENT, type FixedDatatype } from '../../reference-server/execution/tensors.ts';
import type { RawAsk, RawSays, RawTask } from './raw-runner.ts';

/**
 * `node raw-session.js '<RawTask>'`: the runtime by itself. Says that it is ready, then answers every `RawAsk` on a line of
 * its stdin with a `RawSays`: the same batch run again and again, and nothing else done.
 */
const { modelPath, provider, threads, inputs, values } = JSON.parse(process.argv[2] ?? '{}') as RawTask;
const { session } = await openSession(modelPath, provider as Provider, threads);
console.log('ready');
for await (const line of createInterface(process.stdin)) {
  const ask = JSON.parse(line) as RawAsk;
  console.log(JSON.stringify(await measure(ask)));
}
await session.release();

async function measure({ sizes, ms }: RawAsk): Promise<RawSays> {
  const batches = new Map(sizes.map((rows) => [rows, feedsOf(rows)]));
  for (const feeds of batches.values()) await session.run(feeds);
  const cpuBefore = process.cpuUsage();
  const beganMs = performance.now();
  let tookMs = 0;
  let runs = 0;
  let rowsRun = 0;
  while (tookMs < ms || runs < sizes.length) {
    const rows = sizes[runs % sizes.length] ?? 1;
    await session.run(batches.get(rows) ?? {});
    runs += 1;
    rowsRun += rows;
    tookMs = performance.now() - beganMs;
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { runs, rowsPerS: (1000 * rowsRun) / tookMs, cpuUs: (user + system) / rowsRun };
}

function feedsOf(rows: number): Record<string, Tensor> {
  return Object.fromEntries(batchOf(rows).map((input) => [input.name, tensorOf(input)]));
}

/**
 * Rows as the load draws them, no two alike: a table that is looked up in costs more than the same line of it again and
 * again, and numbers too small for the processor cost more than others.
 */
function batchOf(rows: number): readonly InputTensor[] {
  const model = {
    name: 'raw',
    inputs: inputs.map((spec) => ({ ...spec, shape: [-1, ...spec.shape] })),
    outputs: [],
  };
  const spec = { rows, encoding: 'binary', inputs: values, distinct: 1 } as const;
  return createWorkload(spec, [model], (stream) => seededRandom(1, stream)).sample(0).inputs;
}

function tensorOf({ datatype, shape, values: drawn }: InputTensor): Tensor {
  const { ort, array: ArrayType } = ELEMENT[datatype as FixedDatatype];
  const data = new ArrayType(drawn.length);
  for (const [at, value] of drawn.entries()) {
    data[at] = data instanceof BigInt64Array || data instanceof BigUint64Array ? BigInt(value) : value;
  }
  return new Tensor(ort as 'float32', data as Float32Array, [...shape]);
}
