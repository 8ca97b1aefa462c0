import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { InferRequest } from '../../reference-server/infer.ts';

export type GoldenModel = 'recommender' | 'image-classifier';

/** How far a right answer in float32 may lie from the float64 one. Wrong rows are off by 100 times as much. */
export const TOLERANCE: Readonly<Record<GoldenModel, number>> = {
  recommender: 1e-4,
  'image-classifier': 5e-6,
};

export const GOLDEN_COUNT = 3;

/** Where tests build the bundled models: kept between test runs, ignored by git. */
export const TEST_CACHE = fileURLToPath(new URL('../../.cache/test-models', import.meta.url));

/** The input that the golden answer `index` belongs to. Multiples of 1/128, so the same everywhere. */
export function goldenInput(model: GoldenModel, index: number): Float32Array {
  return model === 'recommender' ? featuresOf(index) : imageOf(index);
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

/** One request whose rows are the golden inputs of these indexes. */
export function goldenRequest(model: GoldenModel, indexes: readonly number[]): InferRequest {
  const rows = indexes.map((index) => Buffer.from(goldenInput(model, index).buffer));
  const [name, rowShape] = model === 'recommender' ? ['features', [1024]] : ['image', [3, 224, 224]];
  const data = new Uint8Array(Buffer.concat(rows));
  return { rows: rows.length, inputs: [{ name, datatype: 'FP32', shape: [rows.length, ...rowShape], data }] };
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

function featuresOf(index: number): Float32Array {
  const next = bytesFrom(index + 1);
  return Float32Array.from({ length: 1024 }, () => (next() - 128) / 128);
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
