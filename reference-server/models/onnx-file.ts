import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { TensorSpec } from '../execution/tensors.ts';
import type { Datatype } from '../infer.ts';

/** What an ONNX file says that it takes and gives; -1 is a variable dimension. */
export interface OnnxInterface {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** Element types by the numbers that ONNX has for them. */
const DATATYPES: Readonly<Record<number, Datatype>> = {
  1: 'FP32',
  2: 'UINT8',
  3: 'INT8',
  4: 'UINT16',
  5: 'INT16',
  6: 'INT32',
  7: 'INT64',
  8: 'BYTES',
  9: 'BOOL',
  10: 'FP16',
  11: 'FP64',
  12: 'UINT32',
  13: 'UINT64',
};

// Field numbers of onnx.proto: ModelProto, GraphProto, ValueInfoProto, TypeProto, TensorShapeProto, TensorProto.
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const GRAPH_INPUT = 11;
const GRAPH_OUTPUT = 12;
const TENSOR_NAME = 8;

/**
 * Reads the inputs and outputs without reading the weights: of those only the heads. Throws an Error that says why
 * the file is no ONNX model, or none that this server runs.
 */
export function readOnnxInterface(path: string): OnnxInterface {
  const file = openSync(path, 'r');
  try {
    const bytes = new FileBytes(file);
    const graph = fieldsOf(bytes, 0, bytes.length).find((field) => field.number === MODEL_GRAPH);
    if (graph === undefined) throw new Error('it is no ONNX model: there is no graph in it');
    const fields = fieldsOf(bytes, graph.from, graph.to);
    // Before IR version 4 the weights are listed among the inputs as well.
    const weights = new Set(
      fields
        .filter((field) => field.number === GRAPH_INITIALIZER)
        .map((field) => textOf(bytes, field, TENSOR_NAME)),
    );
    const specs = (number: number) =>
      fields.filter((field) => field.number === number).map((field) => () => valueInfo(bytes, field));
    const inputs = specs(GRAPH_INPUT).map((read) => read());
    return {
      inputs: inputs.filter((input) => !weights.has(input.name)),
      outputs: specs(GRAPH_OUTPUT).map((read) => read()),
    };
  } finally {
    closeSync(file);
  }
}

/** ValueInfoProto: name = 1, type = 2; TypeProto: tensor_type = 1 with elem_type = 1, shape = 2. */
function valueInfo(bytes: FileBytes, field: Field): TensorSpec {
  const name = textOf(bytes, field, 1);
  const tensor = nested(bytes, nested(bytes, field, 2), 1);
  const type = tensor && child(bytes, tensor, 1)?.value;
  const datatype = DATATYPES[type ?? 0];
  if (tensor === undefined || datatype === undefined) {
    const found = tensor === undefined ? 'not a tensor' : `a tensor of the ONNX element type ${type ?? 0}`;
    throw new Error(`"${name}" is ${found}, which this server does not run`);
  }
  const shape = nested(bytes, tensor, 2);
  if (shape === undefined) throw new Error(`"${name}" says nothing of its shape, which this server needs`);
  const dimensions = fieldsOf(bytes, shape.from, shape.to).filter((dimension) => dimension.number === 1);
  return { name, datatype, shape: dimensions.map((dimension) => child(bytes, dimension, 1)?.value ?? -1) };
}

/** A field of a message: a nested one's bytes, or a number's value. */
interface Field {
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly value: number | undefined;
}

function child(bytes: FileBytes, parent: Field, number: number): Field | undefined {
  return fieldsOf(bytes, parent.from, parent.to).find((field) => field.number === number);
}

function nested(bytes: FileBytes, parent: Field | undefined, number: number): Field | undefined {
  const field = parent && child(bytes, parent, number);
  return field?.value === undefined ? field : undefined;
}

function textOf(bytes: FileBytes, parent: Field, number: number): string {
  const field = nested(bytes, parent, number);
  return field === undefined ? '' : bytes.text(field.from, field.to);
}

/** Protocol Buffers on the wire: a key (number and type), then a number, or a length and as many bytes. */
function fieldsOf(bytes: FileBytes, from: number, to: number): readonly Field[] {
  const fields: Field[] = [];
  let at = from;
  while (at < to) {
    const key = bytes.varint(at);
    const number = Math.floor(key.value / 8);
    const wireType = key.value % 8;
    at = key.end;
    const first = wireType === 0 || wireType === 2 ? bytes.varint(at) : { value: 0, end: at };
    const length = { 0: 0, 1: 8, 2: first.value, 5: 4 }[wireType];
    const end = first.end + (length ?? Number.NaN);
    if (number < 1 || !(end <= to)) throw new Error('it is no ONNX model, or it is cut off');
    fields.push({ number, from: first.end, to: end, value: wireType === 0 ? first.value : undefined });
    at = end;
  }
  return fields;
}

const WINDOW_BYTES = 64 * 1024;

/** A file, read where it is asked for. */
class FileBytes {
  readonly length: number;
  readonly #file: number;
  readonly #window = Buffer.alloc(WINDOW_BYTES);
  #from = 0;
  #to = 0;

  constructor(file: number) {
    this.#file = file;
    this.length = fstatSync(file).size;
  }

  /** Of a number beyond 2^53 the low digits are lost; none that is read here is so large. */
  varint(from: number): { value: number; end: number } {
    let value = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#byte(from + index);
      value += (byte & 127) * 2 ** (7 * index);
      if (byte < 128) return { value, end: from + index + 1 };
    }
    throw new Error('it is no ONNX model: a number in it does not end');
  }

  text(from: number, to: number): string {
    const bytes = Buffer.alloc(Math.min(to - from, 4096));
    readSync(this.#file, bytes, 0, bytes.length, from);
    return bytes.toString('utf8');
  }

  #byte(at: number): number {
    if (at < this.#from || at >= this.#to) {
      this.#from = at;
      this.#to = at + readSync(this.#file, this.#window, 0, WINDOW_BYTES, at);
      if (this.#to === at) throw new Error('it is no ONNX model, or it is cut off');
    }
    return this.#window[at - this.#from] ?? 0;
  }
}
