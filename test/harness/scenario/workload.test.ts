import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../harness/errors.ts';
import { loadScenario, scenarioFromText } from '../../../harness/scenario/load-file.ts';
import type { WorkloadSpec } from '../../../harness/scenario/workload-spec.ts';
import { workloadWords } from '../../../harness/scenario/workload-words.ts';

const OWN = 'target: { url: "http://127.0.0.1:1", model: ranker }\nload: { constant: { rate: 10/s } }\n';
const folder = mkdtempSync(join(tmpdir(), 'workload-'));
afterAll(() => rmSync(folder, { recursive: true }));

const scenarioOf = (workload: string, head = OWN) =>
  scenarioFromText(`${head}workload: ${workload}\n`, join(folder, 'x.yaml'));
const workloadOf = (workload: string, head = OWN): WorkloadSpec => {
  const [setting] = scenarioOf(workload, head).settings;
  if (setting === undefined) throw new Error('no setting');
  return setting.workload;
};
function problems(workload: string, head = OWN): string {
  try {
    scenarioOf(workload, head);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return '';
}

describe('rows', () => {
  it.each([
    ['8', 8],
    [
      '"ints(1, 2)"',
      [
        { rows: 1, share: 0.5 },
        { rows: 2, share: 0.5 },
      ],
    ],
    [
      '{ 1: 80%, 8: 20% }',
      [
        { rows: 1, share: 0.8 },
        { rows: 8, share: 0.2 },
      ],
    ],
  ])('%s', (written, rows) => {
    expect(workloadOf(`{ rows: ${written} }`).rows).toEqual(rows);
  });

  it.each([
    ['0', /whole number from 1/],
    ['"ints(0, 3)"', /from 1 to 65536/],
    ['"ints(1, 5000)"', /1024 different/],
    ['"normal(1, 2)"', /how they are drawn/],
    ['{ 1: 80%, 8: 30% }', /sum to 110%/],
    ['{ 1: 80, 8: 20% }', /80%/],
    ['{ x: 100% }', /numbers of rows/],
  ])('refuses %s', (written, message) => {
    expect(problems(`{ rows: ${written} }`)).toMatch(message);
  });
});

describe('shapes', () => {
  it('are sizes after the rows, one or several, and a class may have its own', () => {
    const { shapes, mix } = workloadOf(
      '{ shapes: { ids: 64, image: [3, 32, 32] }, mix: { short: { weight: 60%, shapes: { ids: 8 } }, full: { weight: 40% } } }',
    );
    expect(shapes).toEqual({ ids: [64], image: [3, 32, 32] });
    expect(mix?.map((one) => one.shapes?.ids)).toEqual([[8], [64]]);
    expect(mix?.[0]?.shapes?.image).toEqual([3, 32, 32]);
  });

  it.each([
    ['{ shapes: { ids: 0 } }', /a whole number from 1, or a list/],
    ['{ shapes: { ids: [] } }', /a whole number from 1, or a list/],
    ['{ shapes: { ids: [3, many] } }', /as in 64, or \[3, 224, 224\]/],
    ['{ shapes: { feature: 8 } }', /recommender has no input "feature"/],
    ['{ shapes: { ids: 8 }, from: a.jsonl }', /inputs are drawn/],
  ])('refuses %s', (written, message) => {
    expect(problems(written, 'target: { reference: { model: recommender } }\n')).toMatch(message);
  });
});

describe('keys', () => {
  it('have a law and a number', () => {
    expect(workloadOf('{ keys: { distribution: zipf, keys: 1000 } }').keys).toEqual({
      distribution: 'zipf',
      s: 1,
      keys: 1000,
    });
    expect(workloadOf('{ keys: { distribution: once } }').keys).toEqual({ distribution: 'once' });
  });

  it.each([
    ['{ distinct: 5, keys: { distribution: uniform, keys: 3 } }', /keep one/],
    ['{ keys: { distribution: zipf } }', /how many/],
    ['{ keys: { distribution: uniform, keys: 3, s: 1 } }', /exponent/],
    ['{ keys: { distribution: zipff, keys: 3 } }', /did you mean zipf/],
    ['{ keys: { distribution: zipf, keys: 3, s: -1 } }', /from 0 to 10/],
  ])('refuses %s', (written, message) => {
    expect(problems(written)).toMatch(message);
  });
});

describe('a mix', () => {
  it('of models: a class for each, and the target knows all', () => {
    const [setting] = scenarioOf('{ rows: 2, mix: { ranker: 90%, embedder: 10% } }').settings;
    expect(setting?.workload.mix).toEqual([
      {
        name: 'ranker',
        share: 0.9,
        model: 'ranker',
        rows: 2,
        encoding: 'binary',
        inputs: {},
        distinct: 'all',
      },
      {
        name: 'embedder',
        share: 0.1,
        model: 'embedder',
        rows: 2,
        encoding: 'binary',
        inputs: {},
        distinct: 'all',
      },
    ]);
    expect(setting?.target.otherModels).toEqual(['embedder']);
  });

  it('of classes: each takes from the workload what it does not say', () => {
    const [small, big] =
      workloadOf(
        '{ keys: { distribution: uniform, keys: 9 }, mix: { small: { weight: 75% }, big: { weight: 25%, rows: 32, distinct: 3 } } }',
      ).mix ?? [];
    expect(small).toMatchObject({ rows: 1, keys: { distribution: 'uniform', keys: 9 } });
    expect(big).toMatchObject({ rows: 32, distinct: 3 });
    expect(big).not.toHaveProperty('keys');
    expect(big).not.toHaveProperty('model');
  });

  it.each([
    ['{ mix: { a: 90%, b: 5% } }', /sum to 95%/],
    ['{ mix: { a.b: 100% } }', /weight: 90%, model: a.b/],
    ['{ mix: { a: { rows: 1 }, b: 100% } }', /weight/],
    ['{ mix: { a: { weight: 100%, keys: { distribution: zipf } } } }', /how many/],
  ])('refuses %s', (written, message) => {
    expect(problems(written)).toMatch(message);
  });

  it('knows the models that come along', () => {
    const head = 'target: { reference: { model: recommender } }\n';
    expect(workloadOf('{ mix: { recommender: 90%, image-classifier: 10% } }', head).mix).toHaveLength(2);
    expect(problems('{ mix: { recommender: 90%, image-clasifier: 10% } }', head)).toMatch(/image-classifier/);
  });
});

describe('a file', () => {
  const file = join(folder, 'samples.jsonl');
  writeFileSync(file, '{"inputs":{"x":[1]}}\n');

  it('is found beside the scenario, and its content is part of the experiment', () => {
    const text = `${OWN}workload: { from: samples.jsonl }\n`;
    writeFileSync(join(folder, 'x.yaml'), text);
    const first = loadScenario(join(folder, 'x.yaml'));
    expect(first.settings[0]?.workload.from).toMatchObject({ path: file, written: 'samples.jsonl' });
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere', 'samples.jsonl'), '{"inputs":{"x":[1]}}\n');
    expect(scenarioFromText(text, join(folder, 'elsewhere', 'x.yaml')).hash).toBe(first.hash);
    writeFileSync(file, '{"inputs":{"x":[2]}}\n');
    expect(loadScenario(join(folder, 'x.yaml')).hash).not.toBe(first.hash);
  });

  it.each([
    ['{ from: sample.jsonl }', /did you mean samples.jsonl/],
    ['{ from: samples.parquet }', /no such file/],
    ['{ from: x.yaml }', /\.jsonl/],
    ['{ from: elsewhere }', /found no .png/],
    ['{ from: samples.jsonl, inputs: { x: "normal(0, 1)" } }', /keep one/],
    ['{ from: samples.jsonl, keys: { distribution: once } }', /come again/],
    ['{ mix: { a: { weight: 100%, from: nowhere.npy } } }', /mix.a.from.*nowhere/],
  ])('refuses %s', (written, message) => {
    expect(problems(written)).toMatch(message);
  });
});

describe('validate', () => {
  it('compares a share, within a tolerance', () => {
    expect(workloadOf('{ distinct: 8, validate: {} }').validate).toEqual({ share: 0.01, tolerance: 1e-4 });
    expect(workloadOf('{ distinct: 8, validate: { sample: all } }').validate?.share).toBe(1);
  });

  it.each([
    ['{ validate: {} }', /distinct: 64/],
    ['{ distinct: 4, validate: { sample: 0% } }', /above 0%/],
    [
      '{ distinct: 4, mix: { a: { weight: 50% }, b: { weight: 50%, distinct: 5000 } }, validate: {} }',
      /more than 1000/,
    ],
  ])('refuses %s', (written, message) => {
    expect(problems(written)).toMatch(message);
  });
});

describe('in words', () => {
  it.each([
    ['{}', undefined],
    ['{ rows: { 1: 75%, 9: 25% } }', '1 to 9 rows, 3 on average'],
    ['{ keys: { distribution: zipf, s: 1.2, keys: 100000 } }', "100,000 payloads by Zipf's law, s = 1.2"],
    ['{ distinct: 5, validate: { sample: 10% } }', '5 payloads in turn; 10 % of the answers are compared'],
    [
      '{ mix: { ranker: 90%, b: { weight: 10%, model: embedder } } }',
      'a mix of 90 % ranker; 10 % b (embedder)',
    ],
  ])('%s', (written, words) => {
    expect(workloadWords(workloadOf(written))).toBe(words);
  });
});
