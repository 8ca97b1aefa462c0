import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TargetError, UsageError } from '../../../harness/errors.ts';
import { packageFile } from '../../../harness/package-files.ts';
import { readRun } from '../../../harness/record/read-run.ts';
import type { RunRecord } from '../../../harness/record/run-record.ts';
import { createStore } from '../../../harness/record/store.ts';
import { plantRecord } from '../../support/planted-records.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'store-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const startedAt = new Date('2026-11-21T09:26:31Z');
const open = (outFolder = join(place, 'results')) =>
  createStore({ outFolder, scenarioName: 'batching', startedAt });

function record(id = 'x'): RunRecord {
  const planted = plantRecord({
    steps: { '10%': 143 },
    settings: [{ axes: { batch: '1' }, saturation: 260, p99: ['16'] }],
  });
  return { ...planted, id };
}

test('a run gets a folder of its own, named by UTC minute, scenario and four characters', () => {
  const [one, two] = [open(), open()];
  expect(basename(one.folder)).toMatch(/^2026-11-21T0926-batching-[a-z0-9]{4}$/);
  expect(one.id).toBe(basename(one.folder));
  expect(two.folder).not.toBe(one.folder);
});

test('what was written is read back, by folder, by file and by latest', () => {
  const store = open();
  store.write(record('one'));
  for (const path of [store.folder, join(store.folder, 'run.json'), join(place, 'results', 'latest')]) {
    expect(readRun(path)).toEqual(record('one'));
  }
});

test('latest follows the newest run that has a record, and a rewrite leaves nothing else behind', () => {
  const [first, second] = [open(), open()];
  first.write(record('first'));
  expect(readRun(join(place, 'results/latest')).id).toBe('first');
  second.write(record('second'));
  second.write(record('second again'));
  expect(readRun(join(place, 'results/latest')).id).toBe('second again');
  expect(lstatSync(join(place, 'results/latest')).isSymbolicLink()).toBe(true);
  expect(readdirSync(second.folder)).toEqual(['run.json']);
  expect(readdirSync(join(place, 'results')).sort()).toEqual([first.id, second.id, 'latest'].sort());
});

test.skipIf(process.platform !== 'linux')('a place that takes no folders fails, and does not hang', () => {
  expect(() => open('/proc/no-such-folder/results')).toThrow(/cannot be written/);
});

test('an unwritable place fails before any load', () => {
  writeFileSync(join(place, 'a-file'), '');
  expect(() => open(join(place, 'a-file'))).toThrow(UsageError);
  expect(() => open(join(place, 'a-file', 'below'))).toThrow(/cannot be written.*part of the path is a file/);
});

test('a folder called latest is not replaced', () => {
  mkdirSync(join(place, 'results', 'latest'), { recursive: true });
  expect(() => open()).toThrow(/latest is a folder/);
});

test('a failed write is one clear error and keeps what was already written', () => {
  const store = open();
  store.write(record('kept'));
  mkdirSync(join(store.folder, `run.json.${process.pid}.tmp`));
  expect(() => store.write(record('lost'))).toThrow(TargetError);
  expect(() => store.write(record('lost'))).toThrow(/cases measured before it are kept/);
  expect(readRun(store.folder).id).toBe('kept');
});

// A limit on the size of files stands in for the full disk: the same call fails half-way through the file.
test.skipIf(process.platform !== 'linux')('a disk that fills up half-way keeps the record before', () => {
  writeFileSync(join(place, 'small.json'), JSON.stringify(record('small')));
  writeFileSync(
    join(place, 'fill.mjs'),
    `import { readFileSync } from 'node:fs';
     import { createStore } from ${JSON.stringify(pathToFileURL(packageFile('dist/harness/record/store.js')).href)};
     const record = JSON.parse(readFileSync('small.json', 'utf8'));
     const store = createStore({ scenarioName: 'full', startedAt: new Date(0) });
     store.write(record);
     record.labels.filler = 'x'.repeat(1e6);
     try { store.write(record); } catch (error) { console.log(error.name, error.message); }`,
  );
  const blocks = Math.ceil(readFileSync(join(place, 'small.json')).length / 1024) + 8;
  const said = execFileSync('bash', ['-c', `ulimit -f ${blocks}; exec "${process.execPath}" fill.mjs`], {
    cwd: place,
    encoding: 'utf8',
  });
  expect(said).toMatch(/^TargetError The record could not be written .* larger than allowed.*kept in/);
  expect(readRun(join(place, 'results/latest')).id).toBe('small');
  const [folder] = readdirSync(join(place, 'results')).filter((name) => name !== 'latest');
  expect(readdirSync(join(place, 'results', folder ?? ''))).toEqual(['run.json']);
});

test('a record of the wrong shape is refused and nothing is written', () => {
  const store = open();
  const wrong = { ...record(), cases: [{ id: 'half a case' }] } as unknown as RunRecord;
  expect(() => store.write(wrong)).toThrow(/refused.*\n.*cases\.0\.axes/);
  expect(existsSync(join(store.folder, 'run.json'))).toBe(false);
  store.discardIfEmpty();
  expect(existsSync(store.folder)).toBe(false);
});

test('a record whose counts do not add up is refused, and the one before stays', () => {
  const store = open();
  store.write(record('kept'));
  const broken = record('broken');
  for (const item of broken.cases) item.counts.scheduled += 1;
  expect(() => store.write(broken)).toThrow(/refused, because it contradicts itself:\n.*scheduled/);
  expect(readRun(store.folder).id).toBe('kept');
});

test('secrets never reach the disk', () => {
  const store = open();
  const secret = 'hunter2-hunter2';
  const leaky = record();
  leaky.scenario.text = `target:\n  url: http://me:${secret}@host/\n  headers: { Authorization: "Bearer ${secret}" }\n`;
  for (const item of leaky.cases) {
    item.target.requested = { url: `http://me:${secret}@host:1`, headers: { 'X-Key': secret } };
  }
  store.write(leaky);
  const text = readFileSync(join(store.folder, 'run.json'), 'utf8');
  expect(text).not.toContain(secret);
  expect(readRun(store.folder).cases[0]?.target.requested).toEqual({
    url: 'http://[redacted]@host:1',
    headers: { 'X-Key': '[redacted]' },
  });
});
