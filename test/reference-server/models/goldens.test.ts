import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ensureModel } from '../../../reference-server/models/zoo/model-cache.ts';
import {
  distance,
  GOLDEN_COUNT,
  type GoldenModel,
  goldenFile,
  goldenInput,
  goldenOutputs,
  TEST_CACHE,
  TOLERANCE,
} from '../../support/goldens.ts';
import { readInitializers } from '../../support/onnx-initializers.ts';
import { imageClassifierForward, recommenderForward, type Weights } from '../../support/reference-forward.ts';

const FORWARD: Readonly<Record<GoldenModel, (weights: Weights, input: Float32Array) => Float64Array>> = {
  recommender: recommenderForward,
  'image-classifier': imageClassifierForward,
};

describe.each(['recommender', 'image-classifier'] as const)('the golden answers of the %s', (model) => {
  it('are what plain float64 loops compute (UPDATE_GOLDENS=1 writes them)', {
    timeout: 120_000,
  }, async () => {
    const weights = readInitializers(await ensureModel(model, TEST_CACHE));
    const outputs = Array.from({ length: GOLDEN_COUNT }, (_, index) => [
      ...FORWARD[model](weights, goldenInput(model, index)),
    ]);
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
