import type { TensorSpec } from '../../execution/tensors.ts';
import { blob, fileBytes, float, integer, message, type Piece, text } from './protobuf-pieces.ts';
import { fillSeeded } from './seeded-weights.ts';

const IR_VERSION = 8;
const OPSET = 17;
/** TensorProto.DataType. */
export const ELEMENT_TYPE = { FP32: 1, UINT8: 2, INT32: 6, INT64: 7 } as const;
const ATTRIBUTE = { float: 1, integer: 2, integers: 7 } as const;

export type Attributes = Readonly<Record<string, { readonly float: number } | number | readonly number[]>>;

/**
 * Describes a model layer by layer and writes it as ONNX. The numbers in the comments are the field numbers of
 * onnx.proto. Every layer takes the name of its input tensor and gives the name of its output tensor.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #inputs: readonly TensorSpec[];
  readonly #outputs: readonly TensorSpec[];
  readonly #nodes: Piece[] = [];
  readonly #initializers: Piece[] = [];
  #seed: number;
  parameters = 0;

  constructor(name: string, seed: number, inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]) {
    this.#name = name;
    this.#seed = seed;
    this.#inputs = inputs;
    this.#outputs = outputs;
  }

  /**
   * Adds one operator; its output tensor and the node share the name `output`. Of an operator with several outputs,
   * `position` says which of them that is; the others are left out.
   */
  node(
    operator: string,
    output: string,
    inputs: readonly string[],
    attributes: Attributes = {},
    position = 0,
  ): string {
    const pieces = [
      ...inputs.map((input) => text(1, input)),
      ...Array.from({ length: position }, () => text(2, '')),
      text(2, output),
      text(3, output),
      text(4, operator),
      ...Object.entries(attributes).map(([name, value]) => message(5, text(1, name), ...attribute(value))),
    ];
    this.#nodes.push(message(1, ...pieces));
    return output;
  }

  /** A trained tensor, here of seeded numbers around `mean`: counted as parameters. */
  weights(name: string, dims: readonly number[], deviation: number, mean = 0): string {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const seed = this.#seed++;
    this.parameters += size;
    this.#initializer(name, dims, 'FP32', size * 4, () => {
      const values = new Float32Array(size);
      fillSeeded(values, seed, deviation);
      return mean === 0 ? values : values.map((value) => value + mean);
    });
    return name;
  }

  /** A scalar, or a list, that belongs to the structure: not a parameter. */
  constant(name: string, values: number | readonly number[]): string {
    const numbers = Float32Array.from([values].flat());
    const dims = typeof values === 'number' ? [] : [values.length];
    this.#initializer(name, dims, 'FP32', numbers.byteLength, () => numbers);
    return name;
  }

  /** The same of whole numbers, such as the shape that an operator is to give. */
  integers(name: string, values: number | readonly number[]): string {
    const numbers = BigInt64Array.from([values].flat(), BigInt);
    const dims = typeof values === 'number' ? [] : [values.length];
    this.#initializer(name, dims, 'INT64', numbers.byteLength, () => numbers);
    return name;
  }

  /** The bytes of the ONNX file, in order; the weights are made as they are reached. */
  file(): Iterable<Uint8Array> {
    const graph = message(
      7,
      ...this.#nodes,
      text(2, this.#name),
      ...this.#initializers,
      ...this.#inputs.map((spec) => message(11, ...valueInfo(spec))),
      ...this.#outputs.map((spec) => message(12, ...valueInfo(spec))),
    );
    const opset = message(8, text(1, ''), integer(2, OPSET));
    return fileBytes([integer(1, IR_VERSION), text(2, 'inferometer'), graph, opset]);
  }

  #initializer(
    name: string,
    dims: readonly number[],
    type: keyof typeof ELEMENT_TYPE,
    byteLength: number,
    make: () => Float32Array | BigInt64Array,
  ): void {
    const shape = dims.map((dim) => integer(1, dim));
    const data = blob(9, byteLength, () => new Uint8Array(make().buffer));
    this.#initializers.push(message(5, ...shape, integer(2, ELEMENT_TYPE[type]), text(8, name), data));
  }
}

function attribute(value: Attributes[string]): Piece[] {
  if (typeof value === 'number') return [integer(3, value), integer(20, ATTRIBUTE.integer)];
  if ('float' in value) return [float(2, value.float), integer(20, ATTRIBUTE.float)];
  return [...value.map((item) => integer(8, item)), integer(20, ATTRIBUTE.integers)];
}

/** Name 1, type 2 { tensor 1 { element type 1, shape 2 { dim 1 { value 1 or symbol 2 } } } }. */
function valueInfo({ name, datatype, shape }: TensorSpec): Piece[] {
  if (!(datatype in ELEMENT_TYPE)) throw new Error(`${name}: no bundled model has ${datatype} tensors`);
  const type = ELEMENT_TYPE[datatype as keyof typeof ELEMENT_TYPE];
  const dims = shape.map((dim, axis) => message(1, dim === -1 ? text(2, symbol(axis)) : integer(1, dim)));
  return [text(1, name), message(2, message(1, integer(1, type), message(2, ...dims)))];
}

/** Variable dimensions of one name are equal in one run. */
function symbol(axis: number): string {
  return axis === 0 ? 'batch' : 'sequence';
}
