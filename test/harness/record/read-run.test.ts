import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UsageError } from '../../../harness/errors.ts';
import { readRun } from '../../../harness/record/read-run.ts';
import { plantRecord } from '../../support/planted-records.ts';

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'read-run-'));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const planted = plantRecord({
  steps: { '10%': 143 },
  settings: [{ axes: { batch: '1' }, saturation: 260, p99: ['16'] }],
});

function put(name: string, text: string): string {
  mkdirSync(join(place, name), { recursive: true });
  writeFileSync(join(place, name, 'run.json'), text);
  return join(place, name);
}

test('where links do not exist, latest is a file that names the folder', () => {
  put('2026-a', JSON.stringify(planted));
  writeFileSync(join(place, 'latest'), '2026-a\n');
  expect(readRun(join(place, 'latest'))).toEqual(planted);
});

test('a path that is not a run names the nearest one', () => {
  put('2026-11-21T0926-batching-k3f9', JSON.stringify(planted));
  expect(() => readRun(join(place, '2026-11-21T0926-batching-k3f8'))).toThrow(
    /There is no run at .*k3f8\.\n.*Did you mean .*k3f9\?/,
  );
  mkdirSync(join(place, 'empty'));
  expect(() => readRun(join(place, 'empty'))).toThrow(/holds no run\.json/);
});

test('without any run the advice is to make one', () => {
  expect(() => readRun(join(place, 'nowhere', 'latest'))).toThrow(/npx inferometer run smoke/);
});

test.each([
  ['{"formatVersion": 1, "ca', /damaged: it is not JSON/],
  ['{"formatVersion": 99}', /format 99.*reads format 1.*\n.*newer/],
  ['{"name": "something else"}', /not a record of Inferometer/],
  ['null', /not a record of Inferometer/],
  ['{"formatVersion": 1}', /tool: Invalid input/],
])('%s is refused with its reason', (text, expected) => {
  const folder = put('bad', text);
  expect(() => readRun(folder)).toThrow(UsageError);
  expect(() => readRun(folder)).toThrow(expected);
});
