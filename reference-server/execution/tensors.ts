import type { Datatype, InferRequest, Tensor } from '../infer.ts';

/** One model input or output. `shape` has the batch dimension first; -1 is a variable dimension. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** One tensor of a whole batch, in a buffer that is handed over between threads, never copied. */
export interface BatchTensor {
  readonly name: string;
  readonly datatype: FixedDatatype;
  readonly shape: readonly number[];
  /** May be longer than the shape needs: input buffers are made for the largest batch and used again. */
  readonly buffer: ArrayBuffer;
}

/** The datatypes whose elements are all of one size: all that an instance takes. */
export type FixedDatatype = Exclude<Datatype, 'BYTES'>;

/** For each datatype, the bytes of an element, and the name and array that ONNX Runtime has for it. */
export const ELEMENT = {
  BOOL: { bytes: 1, ort: 'bool', array: Uint8Array },
  UINT8: { bytes: 1, ort: 'uint8', array: Uint8Array },
  INT8: { bytes: 1, ort: 'int8', array: Int8Array },
  UINT16: { bytes: 2, ort: 'uint16', array: Uint16Array },
  INT16: { bytes: 2, ort: 'int16', array: Int16Array },
  UINT32: { bytes: 4, ort: 'uint32', array: Uint32Array },
  INT32: { bytes: 4, ort: 'int32', array: Int32Array },
  UINT64: { bytes: 8, ort: 'uint64', array: BigUint64Array },
  INT64: { bytes: 8, ort: 'int64', array: BigInt64Array },
  FP16: { bytes: 2, ort: 'float16', array: Uint16Array },
  FP32: { bytes: 4, ort: 'float32', array: Float32Array },
  FP64: { bytes: 8, ort: 'float64', array: Float64Array },
} as const;

export function datatypeOf(ortType: string): FixedDatatype | undefined {
  return (Object.keys(ELEMENT) as FixedDatatype[]).find((datatype) => ELEMENT[datatype].ort === ortType);
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** Why a request does not fit the model's inputs, in a sentence for its sender; undefined when it fits. */
export function requestProblem(specs: readonly TensorSpec[], request: InferRequest): string | undefined {
  for (const input of request.inputs) {
    if (!specs.some((spec) => spec.name === input.name)) {
      return `the model has no input "${input.name}"; it has ${specs.map((spec) => spec.name).join(', ')}`;
    }
  }
  for (const spec of specs) {
    const given = request.inputs.filter((input) => input.name === spec.name);
    const tensor = given[0];
    if (tensor === undefined) return `the input "${spec.name}" is missing`;
    if (given.length > 1) return `the input "${spec.name}" is given twice`;
    const problem = tensorProblem(spec, tensor, request.rows);
    if (problem !== undefined) return `the input "${spec.name}" ${problem}`;
  }
  return undefined;
}

function tensorProblem(spec: TensorSpec, tensor: Tensor, rows: number): string | undefined {
  if (tensor.datatype !== spec.datatype)
    return `has datatype ${tensor.datatype}, and must have ${spec.datatype}`;
  const fits =
    tensor.shape.length === spec.shape.length &&
    spec.shape.every((dim, axis) =>
      dim === -1 ? (tensor.shape[axis] ?? 0) > 0 : dim === tensor.shape[axis],
    );
  if (!fits) return `has shape [${tensor.shape}], and must have [${spec.shape}] (-1: any size)`;
  if (tensor.shape[0] !== rows) return `has ${tensor.shape[0]} rows, and the request has ${rows}`;
  if (tensor.datatype === 'BYTES') return 'has datatype BYTES, which this server does not run';
  const bytes = elements(tensor.shape) * ELEMENT[tensor.datatype].bytes;
  if (tensor.data.byteLength !== bytes)
    return `has ${tensor.data.byteLength} bytes, and its shape needs ${bytes}`;
  return undefined;
}

/** Why these parts cannot run as one batch of `rows` rows in a size of up to `maxRows`; undefined when they can. */
export function batchProblem(
  specs: readonly TensorSpec[],
  parts: readonly InferRequest[],
  { rows, size, maxRows }: { readonly rows: number; readonly size: number; readonly maxRows: number },
): string | undefined {
  const given = parts.reduce((sum, part) => sum + part.rows, 0);
  if (given !== rows) return `the parts have ${given} rows, not ${rows}`;
  if (rows < 1 || size < rows || size > maxRows) {
    return `a batch of ${rows} rows, run as ${size}, is outside 1 … ${maxRows}`;
  }
  for (const part of parts) {
    const problem = requestProblem(specs, part);
    if (problem !== undefined) return problem;
  }
  const apart = specs.find((spec) => sharedRowShape(parts, spec.name) === undefined);
  return apart && `parts with different shapes of "${apart.name}" cannot share a batch`;
}

/** The shape of a batch's input without its rows, or undefined if the parts disagree: they cannot share a batch. */
export function sharedRowShape(parts: readonly InferRequest[], name: string): readonly number[] | undefined {
  let first: readonly number[] | undefined;
  for (const part of parts) {
    const { shape } = inputNamed(part, name);
    first ??= shape;
    for (let axis = 1; axis < shape.length; axis++) if (shape[axis] !== first[axis]) return undefined;
    if (shape.length !== first.length) return undefined;
  }
  return first?.slice(1);
}

/** Copies the parts' rows one after the other to the start of `into`, and the last one again up to `sizeBytes`. */
export function stack(
  parts: readonly InferRequest[],
  name: string,
  into: ArrayBuffer,
  sizeBytes: number,
  rowBytes: number,
): void {
  const bytes = new Uint8Array(into);
  let offset = 0;
  for (const part of parts) {
    const { data } = inputNamed(part, name);
    bytes.set(data, offset);
    offset += data.byteLength;
  }
  for (; offset < sizeBytes; offset += rowBytes) bytes.copyWithin(offset, offset - rowBytes, offset);
}

/** Gives each part its rows of every output, in bytes of their own, so that keeping one does not keep the batch. */
export function split(parts: readonly InferRequest[], outputs: readonly BatchTensor[]): Tensor[][] {
  const wholes = outputs.map(({ name, shape, datatype, buffer }) => {
    const [, ...rowShape] = shape;
    const rowBytes = elements(rowShape) * ELEMENT[datatype].bytes;
    return { name, datatype, rowShape, rowBytes, bytes: new Uint8Array(buffer) };
  });
  let from = 0;
  return parts.map((part) => {
    const firstRow = from;
    from += part.rows;
    return wholes.map(({ name, datatype, rowShape, rowBytes, bytes }) => {
      const data = bytes.slice(firstRow * rowBytes, from * rowBytes);
      return { name, datatype, shape: [part.rows, ...rowShape], data };
    });
  });
}

function inputNamed(part: InferRequest, name: string): Tensor {
  const tensor = part.inputs.find((input) => input.name === name);
  if (tensor === undefined) throw new Error(`a request without its input "${name}" passed the checks`);
  return tensor;
}
