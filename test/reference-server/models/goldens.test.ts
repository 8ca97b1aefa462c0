import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ensureModel } from '../../../reference-server/models/zoo/model-cache.ts';
import {
  distance,
  GOLDEN_COUNT,
  GOLDEN_MODELS,
  type GoldenModel,
  goldenFile,
  goldenInput,
  goldenOutputs,
  goldenText,
  TEST_CACHE,
  TOLERANCE,
} from '../../support/goldens.ts';
import { readInitializers } from '../../support/onnx-initializers.ts';
import { imageClassifierForward, recommenderForward, type Weights } from '../../support/reference-forward.ts';
import { demandForecastForward, erf, textSentimentForward } from '../../support/reference-sequences.ts';

/** The answer to golden input `index`, without ONNX Runtime. */
const FORWARD: Readonly<Record<GoldenModel, (weights: Weights, index: number) => Float64Array>> = {
  recommender: (weights, index) => recommenderForward(weights, goldenInput('recommender', index)),
  'image-classifier': (weights, index) =>
    imageClassifierForward(weights, goldenInput('image-classifier', index)),
  'text-sentiment': (weights, index) => textSentimentForward(weights, goldenText(index)),
  'demand-forecast': (weights, index) =>
    demandForecastForward(weights, goldenInput('demand-forecast', index)),
};

describe.each(GOLDEN_MODELS)('the golden answers of the %s', (model) => {
  it('are what plain float64 loops compute (UPDATE_GOLDENS=1 writes them)', {
    timeout: 120_000,
  }, async () => {
    const weights = readInitializers(await ensureModel(model, TEST_CACHE));
    const outputs = Array.from({ length: GOLDEN_COUNT }, (_, index) => [...FORWARD[model](weights, index)]);
    if (process.env.UPDATE_GOLDENS === '1') {
      const digits = outputs.map((row) => row.map((value) => Number(value.toPrecision(10))));
      writeFileSync(goldenFile(model), `${JSON.stringify(digits)}\n`);
    }
    const committed = goldenOutputs(model);
    expect(committed).toHaveLength(GOLDEN_COUNT);
    for (const [index, row] of outputs.entries())
      expect(distance(row, committed[index] ?? [])).toBeLessThan(1e-8);
  });

  it('differ from one another by at least 100 times the tolerance, so that crossed rows show', () => {
    const rows = goldenOutputs(model);
    for (const [i, a] of rows.entries()) {
      for (const b of rows.slice(i + 1)) expect(distance(a, b)).toBeGreaterThan(100 * TOLERANCE[model]);
    }
  });
});

describe('the error function of the reference', () => {
  // Abramowitz and Stegun, table 7.1.
  it.each([
    [0, 0],
    [0.5, 0.5204998778],
    [1, 0.8427007929],
    [2, 0.995322265],
    [-1, -0.8427007929],
    [7, 1],
  ])('erf(%d) = %d', (x, expected) => {
    expect(erf(x)).toBeCloseTo(expected, 9);
  });
});
