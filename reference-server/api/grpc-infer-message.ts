import { ProtobufReader } from './protobuf-reader.ts';

/** A ModelInferRequest as it stands on the wire: what it means depends on the model that it names. */
export interface InferMessage {
  readonly modelName: string;
  /** Empty: the server's choice. */
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: Parameters;
  readonly inputs: readonly InputMessage[];
  readonly outputs: readonly OutputMessage[];
  /** raw_input_contents: views on the message. */
  readonly raw: readonly Buffer[];
}

export interface InputMessage {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters: Parameters;
  /** An InferTensorContents, not yet read. */
  readonly contents: Buffer | undefined;
}

export interface OutputMessage {
  readonly name: string;
  readonly parameters: Parameters;
}

export type Parameters = Readonly<Record<string, boolean | number | string>>;

const NO_PARAMETERS: Parameters = Object.freeze({});

/** Throws an `invalid` ServingError for what is no such message. */
export function readInferMessage(message: Buffer): InferMessage {
  let [modelName, modelVersion, id, parameters] = ['', '', '', NO_PARAMETERS];
  const inputs: InputMessage[] = [];
  const outputs: OutputMessage[] = [];
  const raw: Buffer[] = [];
  const reader = new ProtobufReader(message);
  while (reader.next()) {
    if (reader.field === 1) modelName = reader.text();
    else if (reader.field === 2) modelVersion = reader.text();
    else if (reader.field === 3) id = reader.text();
    else if (reader.field === 4) parameters = withEntry(parameters, reader.bytes());
    else if (reader.field === 5) inputs.push(readInput(reader.bytes()));
    else if (reader.field === 6) outputs.push(readOutput(reader.bytes()));
    else if (reader.field === 7) raw.push(reader.bytes());
    else reader.skip();
  }
  return { modelName, modelVersion, id, parameters, inputs, outputs, raw };
}

function readInput(message: Buffer): InputMessage {
  let [name, datatype, parameters] = ['', '', NO_PARAMETERS];
  let contents: Buffer | undefined;
  const shape: number[] = [];
  const reader = new ProtobufReader(message);
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) datatype = reader.text();
    else if (reader.field === 3) readShape(reader, shape);
    else if (reader.field === 4) parameters = withEntry(parameters, reader.bytes());
    else if (reader.field === 5) contents = merged(contents, reader.bytes());
    else reader.skip();
  }
  return { name, datatype, shape, parameters, contents };
}

/** Packed as a rule; a writer may also give one dimension at a time. */
function readShape(reader: ProtobufReader, shape: number[]): void {
  if (!reader.isBytes) {
    shape.push(reader.integer());
    return;
  }
  const packed = new ProtobufReader(reader.bytes());
  while (!packed.isAtEnd) shape.push(packed.integer());
}

/** A message field given twice is the two after one another. */
function merged(before: Buffer | undefined, more: Buffer): Buffer {
  return before === undefined ? more : Buffer.concat([before, more]);
}

function readOutput(message: Buffer): OutputMessage {
  let [name, parameters] = ['', NO_PARAMETERS];
  const reader = new ProtobufReader(message);
  while (reader.next()) {
    if (reader.field === 1) name = reader.text();
    else if (reader.field === 2) parameters = withEntry(parameters, reader.bytes());
    else reader.skip();
  }
  return { name, parameters };
}

/** The parameters and one more entry of the map: key = 1, value = 2. */
function withEntry(parameters: Parameters, entry: Buffer): Parameters {
  let key = '';
  let value: boolean | number | string | undefined;
  const reader = new ProtobufReader(entry);
  while (reader.next()) {
    if (reader.field === 1) key = reader.text();
    else if (reader.field === 2) value = readParameter(reader.bytes());
    else reader.skip();
  }
  // Its own object: a key may be anything, `__proto__` too.
  return value === undefined ? parameters : Object.fromEntries([...Object.entries(parameters), [key, value]]);
}

function readParameter(message: Buffer): boolean | number | string | undefined {
  let value: boolean | number | string | undefined;
  const reader = new ProtobufReader(message);
  while (reader.next()) {
    if (reader.field === 1) value = reader.integer() !== 0;
    else if (reader.field === 2) value = reader.integer();
    else if (reader.field === 3) value = reader.text();
    else if (reader.field === 4) value = reader.fixed(8).readDoubleLE();
    else if (reader.field === 5) value = Number(reader.bits());
    else reader.skip();
  }
  return value;
}
