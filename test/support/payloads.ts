import { type DenseModel, goldenOutputs, goldenRequest } from './goldens.ts';

/** One float tensor for a model, and what must come back. */
export interface Payload {
  readonly model: string;
  readonly input: string;
  readonly output: string;
  /** The rows first. */
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly right: readonly number[];
}

/** Sends a payload in some encoding. Rejects with the words of a refusal. */
export type Send = (payload: Payload) => Promise<Answered>;

export interface Answered {
  /** So many of the payload's rows were sent: a raw body can say but one. */
  readonly rows: number;
  readonly numbers: readonly number[];
}

const MOST_ROWS = 3;
const MOST_COLUMNS = 8;

/**
 * For the model that doubles: rows that no other request has. Every value tells its request, its row and its column: a
 * whole number that a float of 32 bits holds exactly, doubled too, up to request 250,000.
 */
export function taggedPayload(request: number): Payload {
  const [rows, columns] = [1 + (request % MOST_ROWS), 1 + (Math.floor(request / 7) % MOST_COLUMNS)];
  const values: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) values.push(request * 32 + row * MOST_COLUMNS + column);
  }
  const right = values.map((value) => 2 * value);
  return { model: 'tag', input: 'x', output: 'y', shape: [rows, columns], values, right };
}

/** For a bundled model: the golden inputs of these indexes as rows. */
export function goldenPayload(model: DenseModel, output: string, indexes: readonly number[]): Payload {
  const { inputs } = goldenRequest(model, indexes);
  const goldens = goldenOutputs(model);
  const [tensor] = inputs;
  if (tensor === undefined) throw new Error(`${model} has no input`);
  const right = indexes.flatMap((index) => goldens[index] ?? []);
  return {
    model,
    input: tensor.name,
    output,
    shape: tensor.shape,
    values: floatsFrom(tensor.data),
    right,
  };
}

/** What must come back for the rows that were sent. */
export function rightFor({ shape, right }: Payload, rows: number): readonly number[] {
  return right.slice(0, (right.length / (shape[0] ?? 1)) * rows);
}

export function firstRow(payload: Payload): Payload {
  const [rows = 1, ...rest] = payload.shape;
  const values = payload.values.slice(0, payload.values.length / rows);
  return { ...payload, shape: [1, ...rest], values };
}

export function bytesOf({ values }: Payload): Buffer {
  return Buffer.from(Float32Array.from(values).buffer);
}

export function floatsFrom(bytes: Uint8Array): number[] {
  return [...new Float32Array(new Uint8Array(bytes).buffer)];
}

export function nested({ shape, values }: Pick<Payload, 'shape' | 'values'>): unknown[] {
  const [size = 1, ...rest] = shape;
  if (rest.length === 0) return [...values];
  const each = values.length / size;
  return Array.from({ length: size }, (_, at) =>
    nested({ shape: rest, values: values.slice(at * each, (at + 1) * each) }),
  );
}

/** More than any model has: each score of a row comes back, the highest first. */
export const ALL_CLASSES = 1_000_000;

/** From texts `value:index`, row after row, the scores in their places. */
export function unclassified(texts: readonly string[], { shape }: Payload): number[] {
  const classes = texts.length / (shape[0] ?? 1);
  const scores = new Array<number>(texts.length).fill(Number.NaN);
  texts.forEach((text, at) => {
    const [value, index] = text.split(':').map(Number);
    scores[Math.floor(at / classes) * classes + (index ?? 0)] = value ?? Number.NaN;
  });
  return scores;
}
