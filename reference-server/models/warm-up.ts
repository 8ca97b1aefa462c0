import { randomFillSync } from 'node:crypto';
import type { Instance } from '../execution/instance.ts';
import { ELEMENT, elements, type FixedDatatype, type TensorSpec } from '../execution/tensors.ts';
import type { InferRequest, Tensor } from '../infer.ts';
import type { WarmUpSample } from './model-file.ts';

/**
 * Runs the samples of a configuration on an instance that nobody uses yet. Rejects with the first that fails: such an
 * instance is not ready. The instance itself has warmed up its batch sizes already.
 */
export async function warmUp(instance: Instance, samples: readonly WarmUpSample[]): Promise<void> {
  for (const sample of samples) {
    const request = requestOf(sample, instance.inputs);
    try {
      for (let time = 0; time < sample.times; time++) await instance.run([request], request.rows);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`the warm-up sample '${sample.name}' failed: ${reason}`, { cause: error });
    }
  }
}

/** Of a model without batching the sample's dimensions are all there are; otherwise the rows come before them. */
function requestOf(sample: WarmUpSample, specs: readonly TensorSpec[]): InferRequest {
  const inputs = sample.inputs.map(({ name, datatype, shape, fill }): Tensor => {
    const spec = specs.find((input) => input.name === name);
    const withRows = spec !== undefined && spec.shape.length === shape.length + 1;
    const whole = withRows ? [Math.max(1, sample.rows), ...shape] : shape;
    const data = new Uint8Array(elements(whole) * bytesOf(datatype));
    if (fill === 'random') fillWithValues(data, datatype);
    return { name, datatype, shape: whole, data };
  });
  return { inputs, rows: inputs[0]?.shape[0] ?? 1 };
}

/** Random bits are no sensible floating-point numbers, so that of those each is between 0 and 1. */
function fillWithValues(data: Uint8Array, datatype: TensorSpec['datatype']): void {
  if (datatype === 'FP32') fill(new Float32Array(data.buffer), Math.random);
  else if (datatype === 'FP64') fill(new Float64Array(data.buffer), Math.random);
  else if (datatype === 'BOOL') fill(data, () => Math.round(Math.random()));
  else if (datatype !== 'FP16') randomFillSync(data);
}

function fill(values: Float32Array | Float64Array | Uint8Array, make: () => number): void {
  for (let at = 0; at < values.length; at++) values[at] = make();
}

function bytesOf(datatype: TensorSpec['datatype']): number {
  return datatype === 'BYTES' ? 0 : ELEMENT[datatype as FixedDatatype].bytes;
}
