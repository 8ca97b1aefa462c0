import type { TensorSpec } from '../../execution/tensors.ts';
import { blob, fileBytes, float, integer, message, type Piece, text } from './protobuf-pieces.ts';
import { fillSeeded } from './seeded-weights.ts';

const IR_VERSION = 8;
const OPSET = 17;
const FLOAT_TENSOR = 1;
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

  /** Adds one operator; its output tensor and the node share the name `output`. */
  node(operator: string, output: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const pieces = [
      ...inputs.map((input) => text(1, input)),
      text(2, output),
      text(3, output),
      text(4, operator),
      ...Object.entries(attributes).map(([name, value]) => message(5, text(1, name), ...attribute(value))),
    ];
    this.#nodes.push(message(1, ...pieces));
    return output;
  }

  /** A trained tensor, here of seeded numbers: counted as parameters. */
  weights(name: string, dims: readonly number[], deviation: number): string {
    const size = dims.reduce((product, dim) => product * dim, 1);
    const seed = this.#seed++;
    this.parameters += size;
    this.#initializer(name, dims, size, (values) => fillSeeded(values, seed, deviation));
    return name;
  }

  /** A scalar that belongs to the structure: not a parameter. */
  constant(name: string, value: number): string {
    this.#initializer(name, [], 1, (values) => values.fill(value));
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
    size: number,
    fill: (values: Float32Array) => void,
  ): void {
    const make = () => {
      const values = new Float32Array(size);
      fill(values);
      return new Uint8Array(values.buffer);
    };
    const shape = dims.map((dim) => integer(1, dim));
    this.#initializers.push(
      message(5, ...shape, integer(2, FLOAT_TENSOR), text(8, name), blob(9, size * 4, make)),
    );
  }
}

function attribute(value: Attributes[string]): Piece[] {
  if (typeof value === 'number') return [integer(3, value), integer(20, ATTRIBUTE.integer)];
  if ('float' in value) return [float(2, value.float), integer(20, ATTRIBUTE.float)];
  return [...value.map((item) => integer(8, item)), integer(20, ATTRIBUTE.integers)];
}

/** Name 1, type 2 { tensor 1 { element type 1, shape 2 { dim 1 { value 1 or symbol 2 } } } }; all are FP32. */
function valueInfo(spec: TensorSpec): Piece[] {
  const dims = spec.shape.map((dim) => message(1, dim === -1 ? text(2, 'batch') : integer(1, dim)));
  const tensor = message(1, integer(1, FLOAT_TENSOR), message(2, ...dims));
  return [text(1, spec.name), message(2, tensor)];
}
