import { createInterface } from 'node:readline';
import { Tensor } from 'onnxruntime-node';
import { openSession, type Provider } from '../../reference-server/execution/providers.ts';
import { ELEMENT, elements, type FixedDatatype } from '../../reference-server/execution/tensors.ts';
import type { RawAsk, RawSays, RawTask } from './raw-runner.ts';

/**
 * `node raw-session.js '<RawTask>'`: the runtime by itself. Says that it is ready, then answers every `RawAsk` on a line of
 * its stdin with a `RawSays`: the same batch run again and again, and nothing else done.
 */
const { modelPath, provider, threads, inputs } = JSON.parse(process.argv[2] ?? '{}') as RawTask;
const { session } = await openSession(modelPath, provider as Provider, threads);
console.log('ready');
for await (const line of createInterface(process.stdin)) {
  const ask = JSON.parse(line) as RawAsk;
  console.log(JSON.stringify(await measure(ask)));
}
await session.release();

async function measure({ rows, ms }: RawAsk): Promise<RawSays> {
  const feeds = Object.fromEntries(
    inputs.map(({ name, datatype, shape }) => [name, tensor(datatype, [rows, ...shape])]),
  );
  await session.run(feeds);
  const cpuBefore = process.cpuUsage();
  const beganMs = performance.now();
  let tookMs = 0;
  let runs = 0;
  while (tookMs < ms) {
    await session.run(feeds);
    runs += 1;
    tookMs = performance.now() - beganMs;
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return { runs, rowsPerS: (1000 * runs * rows) / tookMs, cpuUs: (user + system) / (runs * rows) };
}

/** Ones and fractions: what a value is does not change what it costs, but for those too small for the processor. */
function tensor(datatype: FixedDatatype, shape: readonly number[]): Tensor {
  const { ort, array: ArrayType } = ELEMENT[datatype];
  const values = new ArrayType(elements(shape));
  for (let at = 0; at < values.length; at++) {
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) values[at] = 1n;
    else values[at] = datatype.startsWith('FP') ? (at % 97) / 97 : 1;
  }
  return new Tensor(ort as 'float32', values as Float32Array, shape);
}
