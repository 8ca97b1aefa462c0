import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../../harness/errors.ts';
import { seededRandom } from '../../../harness/load/random.ts';
import type { WorkloadSpec } from '../../../harness/scenario/workload-spec.ts';
import type { ModelMetadata } from '../../../harness/targets/target.ts';
import { createWorkload } from '../../../harness/workload/create-workload.ts';
import { datasetPayloads } from '../../../harness/workload/dataset.ts';
import { cells } from '../../../harness/workload/dataset-csv.ts';
import { textLines } from '../../../harness/workload/text-lines.ts';
import type { Workload } from '../../../harness/workload/workload.ts';

const MODEL: ModelMetadata = {
  name: 'ranker',
  inputs: [
    { name: 'ids', datatype: 'INT64', shape: [-1, 2] },
    { name: 'x', datatype: 'FP32', shape: [-1, 3] },
  ],
  outputs: [{ name: 'score', datatype: 'FP32', shape: [-1, 1] }],
  maxRows: 8,
};

const root = mkdtempSync(join(tmpdir(), 'dataset-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder = root;
let made = 0;
beforeEach(() => {
  folder = join(root, String(made++));
  mkdirSync(folder);
});

const SPEC: WorkloadSpec = { rows: 1, encoding: 'json', inputs: {}, distinct: 'all' };

function workloadOf(
  name: string,
  content: string | Buffer,
  changes: Partial<WorkloadSpec> = {},
  model = MODEL,
): Workload {
  const path = join(folder, name);
  writeFileSync(path, content);
  const from = { path, written: name, sha256: '' };
  return createWorkload({ ...SPEC, from, ...changes }, [model], (stream) => seededRandom(3, stream));
}

function problemsOf(...given: Parameters<typeof workloadOf>) {
  try {
    workloadOf(...given);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  throw new Error('was accepted');
}

const lines = (...objects: unknown[]) => objects.map((one) => JSON.stringify(one)).join('\n');

describe('a .jsonl file', () => {
  it('takes numbers nested or flat, with the rows that they have', () => {
    const workload = workloadOf(
      'a.jsonl',
      `${lines(
        { inputs: { ids: [[1, 2]], x: [[0.5, 1, 2]] }, id: 'first' },
        { inputs: { ids: [3, 4, 5, 6], x: [1, 2, 3, 4, 5, 6] }, rows: 2 },
        { inputs: { ids: [7, 8], x: [1, 2, 3] }, expected: { score: [[0.25]] } },
      )}\n\n`,
    );
    expect(workload.samples).toBe(3);
    expect(workload.sample(0).inputs).toEqual([
      { name: 'ids', datatype: 'INT64', shape: [1, 2], values: Float64Array.of(1, 2) },
      { name: 'x', datatype: 'FP32', shape: [1, 3], values: Float64Array.of(0.5, 1, 2) },
    ]);
    expect(workload.sample(1)).toMatchObject({ rows: 2, inputs: [{ shape: [2, 2] }, { shape: [2, 3] }] });
    expect(workload.sample(2).expected).toEqual([{ name: 'score', values: Float64Array.of(0.25) }]);
    expect([0, 1, 2, 3].map((index) => workload.sampleOf(index))).toEqual([0, 1, 2, 0]);
    expect(workload.classes[0]?.keys).toBe(3);
  });

  it('takes recorded requests of the Open Inference Protocol', () => {
    const inputs = [
      { name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] },
      { name: 'ids', shape: [1, 2], datatype: 'INT64', data: [[4, 5]] },
    ];
    const { sample } = workloadOf('a.jsonl', lines({ id: 'a', inputs, outputs: [{ name: 'score' }] }));
    expect(sample(0).inputs.map(({ name, values }) => [name, ...values])).toEqual([
      ['ids', 4, 5],
      ['x', 1, 2, 3],
    ]);
    expect(sample(0).expected).toBeUndefined();
  });

  it('takes the shape from the nesting where other dimensions are open', () => {
    const model = { ...MODEL, inputs: [{ name: 't', datatype: 'INT32', shape: [-1, -1] }] };
    const { sample } = workloadOf(
      'a.jsonl',
      lines({
        inputs: {
          t: [
            [1, 2, 3, 4],
            [5, 6, 7, 8],
          ],
        },
      }),
      {},
      model,
    );
    expect(sample(0)).toMatchObject({ rows: 2, inputs: [{ shape: [2, 4] }] });
  });

  it('names every problem of every line, with its place, what was found and what is allowed', () => {
    const good = { ids: [1, 2], x: [1, 2, 3] };
    const problems = problemsOf(
      'a.jsonl',
      [
        'no json',
        lines(
          { inputs: { ids: [1.5, 2], x: [1, 2, 3] } },
          { inputs: { idz: [1, 2], x: [1, 2, 3] } },
          { inputs: { ...good, x: [1, 2] } },
          { inputs: good, rows: 3 },
          {
            inputs: {
              ...good,
              x: [
                [1, 2, 3],
                [1, 2],
              ],
            },
          },
          { inputs: { ...good, x: [1, 'two', 3] } },
          { inputs: good, expected: { scor: [1] } },
          { inputs: good, row: 1 },
          [1],
          { inputs: { ids: [1, 2, 3, 4], x: [1, 2, 3] } },
        ),
      ].join('\n'),
    );
    const told = problems.map(({ file, line, field, message, advice }) => [
      file,
      line,
      field,
      `${message} ${advice}`,
    ]);
    for (const [line, field, text] of [
      [1, undefined, /no JSON/],
      [2, 'inputs.ids', /found 1.5; INT64 is a whole number/],
      [3, 'inputs.idz', /it has ids, x did you mean ids/],
      [3, 'inputs.ids', /found nothing/],
      [4, 'inputs.x', /found 2 numbers in shape \[2\]; the model takes \[any, 3\]/],
      [5, 'rows', /found 3; the inputs have 1/],
      [6, 'inputs.x', /different lengths: 2 beside 3/],
      [7, 'inputs.x', /found "two"; allowed: numbers/],
      [8, 'expected.scor', /did you mean score/],
      [9, 'row', /allowed: id, class/],
      [10, undefined, /one JSON object/],
      [11, 'inputs', /2 and 1 rows/],
    ] as const) {
      expect(told).toContainEqual(['a.jsonl', line, field, expect.stringMatching(text)]);
    }
    expect(problems).toHaveLength(12);
  });

  it('counts what it does not show', () => {
    const problems = problemsOf('a.jsonl', Array.from({ length: 500 }, () => '{}').join('\n'));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)?.message).toMatch(/and 1480 more/);
  });

  it('refuses more rows than the model takes, and an empty file', () => {
    const rows = { ids: new Array(18).fill(1), x: new Array(27).fill(1) };
    expect(problemsOf('a.jsonl', lines({ inputs: rows }))[0]?.message).toMatch(/9 rows.*8 at most/);
    expect(problemsOf('b.jsonl', '\n')[0]?.message).toMatch(/no samples/);
  });

  it.each(['a.jsonl', 'a.csv'])('is not read on beyond what memory may hold: %s', (written) => {
    const model = { ...MODEL, inputs: [{ name: 'x', datatype: 'FP64', shape: [-1, 64] }] };
    const row = new Array(64).fill(0);
    const path = join(folder, written);
    const each = written.endsWith('csv')
      ? JSON.stringify(JSON.stringify(row))
      : JSON.stringify({ inputs: { x: row } });
    // Two lines of 512 bytes fit; the nonsense behind the third is not reached.
    writeFileSync(
      path,
      `${written.endsWith('csv') ? 'x\n' : ''}${[each, each, each, 'nonsense'].join('\n')}`,
    );
    const rows = { rows: [1], choiceOf: () => 0 };
    const options = { path, written, model, className: 'all', rows, images: { scale: 'unit' } } as const;
    const read = () => datasetPayloads(options, 1024);
    expect(read).toThrow(/more than 0.0009765625 MiB of numbers/);
    expect(read).not.toThrow(/nonsense|no JSON|cells/);
    writeFileSync(path, `${written.endsWith('csv') ? 'x\n' : ''}${[each, each].join('\n')}`);
    expect(read().samples).toBe(2);
  });

  it('gives each class of a mix the lines that name it, or name none', () => {
    const inputs = { ids: [1, 2], x: [1, 2, 3] };
    const path = join(folder, 'a.jsonl');
    writeFileSync(path, lines({ inputs, class: 'a' }, { inputs, class: 'b' }, { inputs }));
    const from = { path, written: 'a.jsonl', sha256: '' };
    const mix = ['a', 'b'].map((name) => ({ ...SPEC, from, name, share: 0.5 }));
    const workload = createWorkload({ ...SPEC, mix }, [MODEL], (stream) => seededRandom(3, stream));
    expect(workload.classes.map(({ keys }) => keys)).toEqual([2, 2]);
  });

  it('is asked by popularity, of all of its entries or of some', () => {
    const inputs = { ids: [1, 2], x: [1, 2, 3] };
    const ten = lines(...new Array(10).fill({ inputs }));
    const zipf = { distribution: 'zipf', s: 1.5 } as const;
    const workload = workloadOf('a.jsonl', ten, { keys: zipf });
    const seen = Array.from({ length: 1000 }, (_, index) => workload.sampleOf(index));
    expect(seen.filter((sample) => sample === 0).length).toBeGreaterThan(400);
    expect(new Set(seen).size).toBe(10);
    expect(workloadOf('a.jsonl', ten, { distinct: 4 }).classes[0]?.keys).toBe(4);
    expect(problemsOf('a.jsonl', ten, { keys: { ...zipf, keys: 11 } })[0]?.message).toMatch(/holds 10/);
  });
});

describe('a .csv file', () => {
  const HEADER = 'id,ids[0],ids[1],x,expected.score[0]';
  const csv = (...rows: string[]) => [HEADER, ...rows].join('\r\n');

  it('is a row a line, cut into requests', () => {
    const workload = workloadOf(
      'a.csv',
      `\uFEFF${csv('a,1,2,"[1, 2, 3]",0.5', 'b,3,4,"[4, 5, 6]",0.25', 'c,5,6,"[7, 8, 9]",1')}\r\n`,
      { rows: 2 },
    );
    expect(workload.samples).toBe(1);
    expect(workload.sample(0)).toEqual({
      requestClass: 0,
      rows: 2,
      inputs: [
        { name: 'ids', datatype: 'INT64', shape: [2, 2], values: Float64Array.of(1, 2, 3, 4) },
        { name: 'x', datatype: 'FP32', shape: [2, 3], values: Float64Array.of(1, 2, 3, 4, 5, 6) },
      ],
      expected: [{ name: 'score', values: Float64Array.of(0.5, 0.25) }],
    });
  });

  it('reads quotes as RFC 4180 has them', () => {
    expect(cells('a,"b,c","d""e",,')).toEqual(['a', 'b,c', 'd"e', '', '']);
    expect(cells(',a')).toEqual(['', 'a']);
  });

  it('names every problem with line and column', () => {
    const problems = problemsOf('a.csv', csv('a,1,2,"[1,2]",0', 'b,1.5,,"[1,2,3]",0', 'c,1'));
    const told = problems.map(({ line, field, message }) => [line, field, message]);
    for (const [line, field, text] of [
      [2, 'x', /found 2 numbers; a row of x has 3/],
      [3, 'ids[0]', /found 1.5/],
      [3, 'ids[1]', /found no number/],
      [4, undefined, /2 cells; the header has 5/],
    ] as const)
      expect(told).toContainEqual([line, field, expect.stringMatching(text)]);
    const header = problemsOf('b.csv', 'ids[0],y[0]\n1,2').map(
      ({ message, advice }) => `${message} ${advice}`,
    );
    expect(header).toEqual([
      expect.stringMatching(/no column ids\[1\]/),
      expect.stringMatching(/no column x\[0\].*x or x\[0\] to x\[2\]/),
      expect.stringMatching(/unknown column "y"/),
    ]);
  });
});

describe('textLines', () => {
  it('keeps characters whole that lie across two reads, and counts blank lines', () => {
    const path = join(folder, 'long.txt');
    const long = `${'x'.repeat(2 ** 20 - 1)}ä`;
    writeFileSync(path, `${long}\n\n\r\nlast`);
    expect([...textLines(path)]).toEqual([
      { line: 1, text: long },
      { line: 4, text: 'last' },
    ]);
  });
});
