import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { InferRequest, Tensor } from '../../reference-server/infer.ts';

export const GOLDEN_MODELS = [
  'recommender',
  'image-classifier',
  'text-sentiment',
  'demand-forecast',
] as const;
export type GoldenModel = (typeof GOLDEN_MODELS)[number];

/** The models of which a row is one float tensor of fixed size. */
export type DenseModel = Exclude<GoldenModel, 'text-sentiment'>;

/** How far a right answer in float32 may lie from the float64 one. Wrong rows are off by 100 times as much. */
export const TOLERANCE: Readonly<Record<GoldenModel, number>> = {
  recommender: 1e-4,
  'image-classifier': 5e-6,
  'text-sentiment': 2e-5,
  'demand-forecast': 5e-6,
};

export const GOLDEN_COUNT = 3;

/** Where tests build the bundled models: kept between test runs, ignored by git. */
export const TEST_CACHE = fileURLToPath(new URL('../../.cache/test-models', import.meta.url));

const ROW: Readonly<Record<DenseModel, { readonly input: string; readonly shape: readonly number[] }>> = {
  recommender: { input: 'features', shape: [1024] },
  'image-classifier': { input: 'image', shape: [3, 224, 224] },
  'demand-forecast': { input: 'history', shape: [28, 8] },
};

/** The input that the golden answer `index` belongs to. Multiples of 1/128, so the same everywhere. */
export function goldenInput(model: DenseModel, index: number): Float32Array {
  if (model === 'image-classifier') return imageOf(index);
  const size = ROW[model].shape.reduce((product, length) => product * length, 1);
  return noise(size, (model === 'recommender' ? 1 : 201) + index);
}

/** The tokens of the text that the golden answer `index` belongs to: each text has a length of its own. */
export function goldenText(index: number): number[] {
  const next = bytesFrom(index + 301);
  return Array.from({ length: [64, 23, 5][index] ?? 1 }, () => (next() * 256 + next()) % 8192);
}

/** `GOLDEN_COUNT` rows of outputs, computed in float64 without ONNX Runtime. */
export function goldenOutputs(model: GoldenModel): readonly (readonly number[])[] {
  return JSON.parse(readFileSync(goldenFile(model), 'utf8')) as number[][];
}

export function goldenFile(model: GoldenModel): URL {
  // From dist/test/support too, where no JSON is copied to.
  const here = import.meta.url.replace('/dist/test/', '/test/');
  return new URL(`./goldens/${model}.json`, here);
}

/** One request whose rows are the golden inputs of these indexes; texts are padded to 64 tokens. */
export function goldenRequest(model: GoldenModel, indexes: readonly number[]): InferRequest {
  if (model === 'text-sentiment') return paddedTexts(indexes.map(goldenText), 64);
  const data = new Uint8Array(Buffer.concat(indexes.map((index) => bytesOf(goldenInput(model, index)))));
  const { input, shape } = ROW[model];
  return {
    rows: indexes.length,
    inputs: [{ name: input, datatype: 'FP32', shape: [indexes.length, ...shape], data }],
  };
}

/** One request whose rows are these texts, filled up with a padding token that the mask hides. */
export function paddedTexts(
  texts: readonly (readonly number[])[],
  length: number,
  padding = 0,
): InferRequest {
  const places = Array.from({ length }, (_, place) => place);
  const tensor = (name: string, row: (text: readonly number[]) => number[]): Tensor => {
    const data = bytesOf(BigInt64Array.from(texts.flatMap(row), BigInt));
    return { name, datatype: 'INT64', shape: [texts.length, length], data };
  };
  const ids = tensor('input_ids', (text) => places.map((place) => text[place] ?? padding));
  const mask = tensor('attention_mask', (text) => places.map((place) => (place < text.length ? 1 : 0)));
  return { rows: texts.length, inputs: [ids, mask] };
}

function bytesOf(values: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** FP32 bytes, aligned or not, as numbers. */
export function floats(data: Uint8Array): number[] {
  return [...new Float32Array(new Uint8Array(data).buffer)];
}

/** The largest distance between two rows of outputs; infinite if their lengths differ or a value is missing. */
export function distance(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (b[i] ?? Number.NaN))), 0);
}

function noise(size: number, seed: number): Float32Array {
  const next = bytesFrom(seed);
  return Float32Array.from({ length: size }, () => (next() - 128) / 128);
}

/** Chequers of a size and colour of their own, and noise: plain noise would look alike after the average pool. */
function imageOf(index: number): Float32Array {
  const next = bytesFrom(index + 101);
  const cell = 4 << (2 * index);
  return Float32Array.from({ length: 3 * 224 * 224 }, (_, i) => {
    const [x, y, channel] = [i % 224, Math.floor(i / 224) % 224, Math.floor(i / (224 * 224))];
    const lit = (Math.floor(x / cell) + Math.floor(y / cell)) % 2 === 0 && channel !== index;
    return (next() / 2 - 64 + (lit ? 96 : -32)) / 128;
  });
}

/** The high bytes of a 32-bit linear congruential generator (the constants of Numerical Recipes). */
function bytesFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
}
