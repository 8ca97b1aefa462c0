import { joinStrings } from '../byte-elements.ts';
import { invalid } from '../errors.ts';
import { ELEMENT, elements, type TensorSpec } from '../execution/tensors.ts';
import type { Tensor } from '../infer.ts';
import type { ModelSignature } from '../models/model-signature.ts';
import { fitting, names } from './input-tensors.ts';

/**
 * Raw mode: the body is one row of the model's only input. One dimension beside the rows may be variable: its size is
 * what the bytes make it. Of an input of texts the body is the only element. Throws an `invalid` ServingError.
 */
export function rawTensor(body: Buffer, signature: ModelSignature): Tensor {
  const [spec] = signature.inputs;
  if (spec === undefined || signature.inputs.length !== 1) {
    throw invalid(`a raw body needs a model with one input, this one has ${names(signature.inputs)}`);
  }
  const shape = rowShape(body.byteLength, spec);
  const data = spec.datatype === 'BYTES' ? joinStrings([body]) : body;
  return { ...spec, shape, data: fitting(data, spec, shape, `input '${spec.name}'`) };
}

/** Bytes that make no whole row get the shape next to them, for which they are then refused. */
function rowShape(bytes: number, { datatype, shape }: TensorSpec): readonly number[] {
  const row = shape.map((size, dimension) => (dimension === 0 && size === -1 ? 1 : size));
  const open = row.indexOf(-1);
  if (open === -1) return row;
  if (row.lastIndexOf(-1) !== open) {
    throw invalid(`a raw body can say one variable dimension beside the rows, the model's are [${shape}]`);
  }
  const least = row.with(open, 1);
  if (datatype === 'BYTES') return least;
  const size = Math.floor(bytes / (elements(least) * ELEMENT[datatype].bytes));
  return row.with(open, Math.max(1, size));
}
