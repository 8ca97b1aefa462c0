import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../harness/errors.ts';
import { replaySchedule } from '../../../harness/load/replay.ts';
import { sliceOf } from '../../../harness/load/schedule.ts';
import { openCases } from '../../../harness/run/plan/plan.ts';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';
import { linesOf } from '../../../harness/scenario/replay-file.ts';
import { assignment, runLoad } from '../../support/assignment.ts';
import { startTruthServer } from '../../support/start-truth-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const CSV = 'atMs,model,payload\n0,"a, b",7\n\n100.5,x,3\n100.5,x,3\n1250,x,0\n';
const JSONL =
  '{"atS":0,"payload":7}\n{"payload":3,"atS":0.1005}\n{"atS":0.1005,"payload":3}\r\n{"atS":1.25,"payload":0}';

function scenario(name: string, more = '') {
  const text = `target: { url: "http://127.0.0.1:1", model: m }\nload: { replay: { file: ${name}${more} } }\n`;
  return scenarioFromText(text, join(folder, 'x.yaml'));
}

function problemsOf(name: string, text: string) {
  file(name, text);
  try {
    scenario(name);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}

describe('a recording', () => {
  it.each([
    ['a.csv', CSV],
    ['a.jsonl', JSONL],
    ['bom.csv', `\uFEFF${CSV.replaceAll('\n', '\r\n')}`],
  ])('%s gives offsets and payloads, then ends', (name, text) => {
    const schedule = replaySchedule({ file: file(name, text), timeScale: 2, warmupPerS: 1, leadMs: 0 });
    const seen = Array.from({ length: 5 }, () => [schedule.next(), schedule.payload?.()]);
    expect(seen.map(([at]) => at)).toEqual([0, 201, 201, 2500, Number.POSITIVE_INFINITY]);
    expect(seen.slice(0, 4).map(([, payload]) => payload)).toEqual([7, 3, 3, 0]);
  });

  it('without payloads numbers its rows; the warm-up before it is even, at its own numbers', () => {
    const path = file('plain.csv', 'atS\n0\n0.5\n');
    const schedule = replaySchedule({ file: path, timeScale: 1, warmupPerS: 4, leadMs: 500 });
    const seen = Array.from({ length: 4 }, () => [schedule.next(), schedule.payload?.()]);
    expect(seen).toEqual([
      [0, 0],
      [250, 1],
      [500, 0],
      [1000, 1],
    ]);
  });

  it('is shared by its slices, each row once and with its payload', () => {
    const rows = Array.from({ length: 20 }, (_, row) => `${row * 10},${100 + row}`);
    const path = file('twenty.csv', `atMs,payload\n${rows.join('\n')}\n`);
    const load = { file: path, timeScale: 1, warmupPerS: 1, leadMs: 0 };
    const seen = [0, 1, 2].flatMap((index) => {
      const slice = sliceOf(replaySchedule(load), index, 3);
      return Array.from({ length: 7 }, () => [slice.next(), slice.payload?.()]);
    });
    const finite = seen.filter(([at]) => Number.isFinite(at));
    finite.sort(([a = 0], [b = 0]) => a - b);
    expect(finite).toEqual(rows.map((_, row) => [row * 10, 100 + row]));
  });

  it('longer than a chunk keeps its lines whole, whatever falls on the edge', () => {
    const lines = Array.from({ length: 9000 }, (_, row) => `${row},größe-${row}`);
    const path = file('long.txt', lines.join('\n'));
    expect([...linesOf(path)]).toEqual(lines);
  });
});

describe('load.replay', () => {
  it('is one case over its own length, at its mean rate, with the file by its hash', () => {
    file('a.csv', CSV);
    const [planned] = openCases(scenario('a.csv', ', timeScale: 2'), undefined).cases;
    expect(planned?.durationMs).toBe(2501);
    expect(planned?.load).toMatchObject({
      shape: 'replay',
      label: 'replay',
      resolvedRate: Number((4000 / 2501).toPrecision(6)),
      law: {
        words: 'replay of 4 arrivals from a.csv, offsets x 2',
        spec: { shape: 'replay', written: 'a.csv', timeScale: 2, rows: 4 },
        peakPerS: 3,
      },
    });
    expect(JSON.stringify(planned?.load)).not.toContain(folder);
  });

  it('its content is part of what the scenario is, its place is not', () => {
    file('a.csv', CSV);
    file('same.csv', CSV);
    file('other.csv', CSV.replace('1250', '1251'));
    const hashes = ['a.csv', 'same.csv', 'other.csv'].map((name) => scenario(name).hash);
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[0]).not.toBe(hashes[2]);
    expect(scenario('a.csv', ', timeScale: 0.5').hash).not.toBe(hashes[0]);
  });

  it('reports every mistake of the file at once, each on its line', () => {
    const text = 'atMs,payload\n5,1\nsoon,1\n4,1\n-1,2\n6,1.5\n7\n,3\n1763720000000,1\n';
    expect(problemsOf('bad.csv', text).map(({ file: of, line, message }) => [of, line, message])).toEqual([
      ['bad.csv', 3, 'found atMs "soon"; it is a number, not below 0'],
      ['bad.csv', 4, 'found 4 ms after 5 ms of line 2; offsets never fall'],
      ['bad.csv', 5, 'found atMs -1; it is a number, not below 0'],
      ['bad.csv', 6, 'found payload 1.5; it is the number of a payload, from 0'],
      ['bad.csv', 8, expect.stringContaining('found no offset')],
      ['bad.csv', 9, expect.stringContaining('not from 1970')],
    ]);
    const lines = problemsOf('bad.jsonl', '{"atS":1}\nnope\n[]\n{"atMs":1,"atS":1}\n{"atMs":2000}\n5\n');
    expect(lines.map(({ line }) => line)).toEqual([2, 3, 4, 6]);
  });

  it('lists twenty and counts the rest', () => {
    const problems = problemsOf('worse.csv', `atMs\n${'x\n'.repeat(50)}`);
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toMatchObject({ line: 51, message: 'and 30 more problems up to this line' });
  });

  it.each([
    ['head.csv', 'at,payload\n1,2\n', 'one of them is atMs or atS'],
    ['both.csv', 'atMs,atS\n1,2\n', 'one of them is atMs or atS'],
    ['empty.csv', 'atMs\n', 'found no arrival'],
    ['a.txt', 'atMs\n1\n', 'a .csv or a .jsonl file'],
  ])('refuses %s', (name, text, message) => {
    const [problem, ...others] = problemsOf(name, text);
    expect(problem?.message).toContain(message);
    expect(others).toEqual([]);
  });

  it('refuses a file that is not there, and a scale that is none', () => {
    expect(() => scenario('none.csv')).toThrow(/there is no file/);
    expect(() => scenario('a.csv', ', timeScale: 0')).toThrow(/above 0/);
  });
});

it('is driven by two generators: each payload as often as it was recorded, at its instant', async () => {
  const rows = Array.from({ length: 60 }, (_, row) => `${row * 8},${row % 7}`);
  const path = file('driven.csv', `atMs,payload\n${rows.join('\n')}\n`);
  const server = await startTruthServer({ law: { kind: 'constant', delayMs: 1 }, keepIds: true });
  try {
    const load = { shape: 'replay', file: path, timeScale: 1, warmupPerS: 100 } as const;
    const result = await runLoad(
      assignment(server.url, { load, generators: 2, warmupMs: 0, durationMs: 473 }),
    );
    expect(result.counts).toMatchObject({ scheduled: 60, ok: 60 });
    const { ids } = await server.witness();
    const payloads = rows.map((_, row) => row % 7);
    expect(ids.map(Number).sort()).toEqual(payloads.sort());
  } finally {
    await server.stop();
  }
});
