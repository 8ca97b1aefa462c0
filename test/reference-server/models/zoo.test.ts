import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLED_MODELS } from '../../../harness/scenario/bundled-models.ts';
import { GraphBuilder } from '../../../reference-server/models/zoo/graph-builder.ts';
import { ensureModel } from '../../../reference-server/models/zoo/model-cache.ts';
import { fillSeeded } from '../../../reference-server/models/zoo/seeded-weights.ts';
import { ZOO, zooNames } from '../../../reference-server/models/zoo/zoo.ts';

const [recommender, imageClassifier, pixelClassifier, textSentiment, demandForecast] = ZOO;

describe('the bundled models', () => {
  it('are a recommender, an image classifier in two forms, a text classifier and a forecaster', () => {
    expect(zooNames()).toEqual([
      'recommender',
      'image-classifier',
      'image-classifier-pixels',
      'text-sentiment',
      'demand-forecast',
    ]);
  });

  it('are those that scenarios know, with their inputs', () => {
    const known = Object.entries(BUNDLED_MODELS).map(([name, { inputs }]) => ({ name, inputs }));
    const bundled = ZOO.map(({ name, inputs }) => ({ name, inputs: inputs.map((input) => input.name) }));
    expect(known).toEqual(bundled);
  });

  it('recommender: the size of dense layers 1024-4096-4096-100', () => {
    const weights = 1024 * 4096 + 4096 * 4096 + 4096 * 100;
    expect(recommender?.multiplyAdds).toBe(weights);
    expect(recommender?.parameters).toBe(weights + 4096 + 4096 + 100);
  });

  it('image-classifier: the published size of MobileNetV2 1.0, 224', () => {
    // 3,504,872 with batch normalisation, of whose two numbers a channel (17,056 channels) folding leaves one.
    expect(imageClassifier?.parameters).toBe(3_504_872 - 17_056);
    expect(Math.abs((imageClassifier?.parameters ?? 0) / 3.5e6 - 1)).toBeLessThan(0.05);
    expect(imageClassifier?.multiplyAdds).toBe(300_774_272);
    expect(imageClassifier?.labels).toHaveLength(1000);
  });

  it('image-classifier-pixels: the size of the same network', () => {
    expect(pixelClassifier?.parameters).toBe(imageClassifier?.parameters);
    expect(pixelClassifier?.multiplyAdds).toBe(imageClassifier?.multiplyAdds);
    expect(pixelClassifier?.labels).toEqual(imageClassifier?.labels);
  });

  it('text-sentiment: the size of BERT-tiny with fewer words and places, and three classes', () => {
    // BERT-tiny has 4,385,920 parameters, of which 30,522 words, 512 places and 2 kinds of sentence at 128 each.
    const fewer = 30_522 - 8_192 + (512 - 64) + 2;
    expect(textSentiment?.parameters).toBe(4_385_920 - fewer * 128 + 128 * 3 + 3);
    const layer = 64 * (4 * 128 * 128 + 2 * 128 * 512) + 2 * 64 * 64 * 128;
    expect(textSentiment?.multiplyAdds).toBe(2 * layer + 128 * 128 + 128 * 3);
    expect(textSentiment?.labels).toEqual(['POSITIVE', 'NEUTRAL', 'NEGATIVE']);
  });

  it('demand-forecast: the size of a GRU with 8 inputs and 256 units, and a dense layer', () => {
    const weights = 3 * 256 * (8 + 256);
    expect(demandForecast?.parameters).toBe(weights + 2 * 3 * 256 + 256 * 7 + 7);
    expect(demandForecast?.multiplyAdds).toBe(28 * weights + 256 * 7);
  });

  it.each(ZOO)(
    '$name is described where scenarios are',
    ({ name, multiplyAdds, parameters, inputs, outputs }) => {
      const readme = readFileSync(new URL('../../../scenarios/README.md', import.meta.url), 'utf8');
      const line = readme.split('\n').find((row) => row.startsWith(`| \`${name}\` |`));
      const millions = (count: number) => (count / 1e6).toFixed(1);
      expect(line).toMatch(`| ${millions(multiplyAdds)}`);
      expect(line).toMatch(` of ${millions(parameters)} |`);
      for (const tensor of [...inputs, ...outputs]) expect(line).toContain(`\`${tensor.name}\``);
    },
  );

  it.each(ZOO)('$name comes out with the bytes that its hash was taken of', (model) => {
    const hash = createHash('sha256');
    for (const bytes of model.build()) hash.update(bytes);
    expect(hash.digest('hex')).toBe(model.sha256);
  });
});

describe('the cache of bundled models', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inferometer-zoo-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('builds a model once and leaves nothing else behind', async () => {
    const path = await ensureModel('image-classifier', folder);
    const first = await stat(path);
    expect(await ensureModel('image-classifier', folder)).toBe(path);
    expect((await stat(path)).ino).toBe(first.ino);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('rebuilds a file that was cut short, or of which one bit was flipped', async () => {
    const path = await ensureModel('image-classifier', folder);
    await truncate(path, 1_000_000);
    await ensureModel('image-classifier', folder);
    const file = await open(path, 'r+');
    await file.write(Uint8Array.of(0xff), 0, 1, 5_000_001);
    await file.close();
    await ensureModel('image-classifier', folder);
    const hash = createHash('sha256').update(await readFile(path));
    expect(hash.digest('hex')).toBe(imageClassifier?.sha256);
  });

  it('gives the same whole file to callers at the same time', async () => {
    const other = join(folder, 'at-once');
    const paths = await Promise.all([1, 2, 3].map(() => ensureModel('image-classifier', other)));
    expect(new Set(paths).size).toBe(1);
    expect(await readdir(other)).toHaveLength(1);
  });

  it('names the models there are, and a folder that it cannot write', async () => {
    await expect(ensureModel('recomender', folder)).rejects.toThrow(
      'there are recommender, image-classifier, image-classifier-pixels, text-sentiment, demand-forecast',
    );
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    for (const unwritable of [file, join(file, 'below'), '/proc/inferometer/below']) {
      await expect(ensureModel('image-classifier', unwritable)).rejects.toThrow(
        'INFEROMETER_CACHE names another folder',
      );
    }
  });
});

describe('seeded weights', () => {
  const weights = new Float32Array(100_001);
  fillSeeded(weights, 7, 0.05);

  it('have the mean and deviation that were asked for', () => {
    const mean = weights.reduce((sum, value) => sum + value, 0) / weights.length;
    const deviation = Math.sqrt(weights.reduce((sum, value) => sum + value * value, 0) / weights.length);
    expect(Math.abs(mean)).toBeLessThan(0.05 * 4 * Math.sqrt(1 / weights.length));
    expect(Math.abs(deviation / 0.05 - 1)).toBeLessThan(0.01);
  });

  it('are odd multiples of one step of few bits: no rounding anywhere', () => {
    // 0.05 / 147.8 lies within [64, 128) x 2^-18.
    const step = Math.round((0.05 / Math.sqrt(21_845)) * 2 ** 18) / 2 ** 18;
    expect([...weights].every((value) => Math.abs((value / step) % 2) === 1)).toBe(true);
  });

  it('may lie around another mean', () => {
    const graph = new GraphBuilder('around-one', 7, [], []);
    graph.weights('scale', [100_001], 0.05, 1);
    const file = Buffer.concat([...graph.file()]);
    const expected = Buffer.from(weights.map((value) => value + 1).buffer);
    expect(file.includes(expected)).toBe(true);
    expect([...weights].every((value) => Math.fround(value + 1) - 1 === value)).toBe(true);
  });

  it('differ from seed to seed', () => {
    const others = new Float32Array(1000);
    fillSeeded(others, 8, 0.05);
    const equal = others.filter((value, i) => value === weights[i]).length;
    expect(equal).toBeLessThan(20);
  });
});
