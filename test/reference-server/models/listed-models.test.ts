import { describe, expect, it } from 'vitest';
import { parseServerConfig } from '../../../reference-server/config.ts';
import { listedModels } from '../../../reference-server/models/listed-models.ts';
import { ofUnchanged } from '../../../reference-server/models/model-signature.ts';

const versionOf = async (source: string, maxRows: number) => {
  const config = { port: 0, models: [{ name: 'm', source }], batching: { maxRows } };
  const plan = await listedModels(parseServerConfig(JSON.stringify(config))).plan('m');
  return plan?.versions[0];
};

describe('the models of the configuration', () => {
  it('warm up every batch size of a bundled model with variable dimensions, at ordinary length', async () => {
    const samples = (await versionOf('text-sentiment', 6))?.warmUp ?? [];
    expect(samples.map(({ rows }) => rows)).toEqual([1, 2, 4, 6]);
    expect(samples[0]?.inputs).toEqual([
      { name: 'input_ids', datatype: 'INT64', shape: [64], fill: 'zeros' },
      { name: 'attention_mask', datatype: 'INT64', shape: [64], fill: 'zeros' },
    ]);
  });

  it.each(['demand-forecast', 'ranker.onnx'])('leave the warm-up of %s to its instances', async (source) => {
    expect((await versionOf(source, 6))?.warmUp).toEqual([]);
  });

  it('know the names of the classes of bundled models', async () => {
    expect((await versionOf('text-sentiment', 1))?.classLabels).toEqual({
      logits: ['POSITIVE', 'NEUTRAL', 'NEGATIVE'],
    });
    expect((await versionOf('recommender', 1))?.classLabels).toEqual({});
  });

  it('say of a tensor that a pipeline has changed nothing that is true of the model alone', () => {
    const spec = (name: string, classes: number) =>
      ({ name, datatype: 'FP32', shape: [-1, classes] }) as const;
    const facts = { same: 1, wider: 2, gone: 3 };
    const own = [spec('same', 3), spec('wider', 3), spec('gone', 3)];
    expect(ofUnchanged(facts, own, [spec('wider', 4), spec('same', 3), spec('new', 3)])).toEqual({ same: 1 });
    expect(ofUnchanged(facts, own, own)).toEqual(facts);
  });
});
