import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isMissing } from '../../harness/record/figures.ts';
import { type RunRecord, runRecord } from '../../harness/record/run-record.ts';
import { type Ended, TINY, workplace } from './cli-process.ts';

const place = workplace();
const other = workplace();
let ended: Ended;
let record: RunRecord;
/** Another run of the same file, elsewhere and at the same time: neither minds. */
let changed: Promise<Ended>;

beforeAll(async () => {
  for (const one of [place, other]) one.write('tiny.yaml', TINY);
  const words = ['--set', 'load.ladder.steps=[30%]', '--set', 'vary.batch.values=[2, 4]', '--seed', '11'];
  changed = other.run('run', 'tiny.yaml', '--json', ...words);
  ended = await place.run('run', 'tiny.yaml');
  record = place.latest();
}, 120_000);
afterAll(() => Promise.all([place.close(), other.close()]));

test('a scenario file becomes a record and a report, and nothing stays behind', () => {
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(record).toMatchObject({ partial: false, scenario: { name: 'tiny', plannedCases: 4 } });
  expect(record.cases.map(({ id }) => id)).toEqual([
    'batch=1,load=saturation',
    'batch=1,load=20%',
    'batch=8,load=saturation',
    'batch=8,load=20%',
  ]);
  const folder = place.path('results', readlinkSync(place.path('results', 'latest')));
  expect(folder).toContain(record.id);
  expect(readFileSync(`${folder}/report.html`, 'utf8')).toContain('<!doctype html>');
  expect(ended.stdout.trimEnd().split('\n').at(-1)).toContain(`${record.id}/report.html`);
  expect(place.processes()).toEqual([]);
});

test('conservation holds in every case, and against the counts of the server', () => {
  for (const { counts, warmupCounts, serverArrivals, batch, id } of record.cases) {
    expect(counts.scheduled, id).toBe(counts.sent + counts.unsent);
    const { ok, failed, timedOut, cancelled, inFlightAtEnd } = counts;
    expect(counts.sent, id).toBe(ok + failed + timedOut + cancelled + inFlightAtEnd);
    expect(ok, id).toBeGreaterThan(0);
    expect(serverArrivals, id).toBe(counts.sent + warmupCounts.sent);
    if (isMissing(batch)) throw new Error(`${id}: ${batch.missing}`);
    const rows = Object.entries(batch.histogram).reduce(
      (sum, [size, count]) => sum + Number(size) * count,
      0,
    );
    expect(rows, id).toBe(batch.rowsExecuted);
    expect(Math.max(...Object.keys(batch.histogram).map(Number)), id).toBeLessThanOrEqual(
      id.startsWith('batch=1,') ? 1 : 8,
    );
  }
});

test('both settings are driven at the same absolute rate, a fifth of the better one', () => {
  const [saturated, open] = ['saturation', '20%'].map((label) =>
    record.cases.filter(({ load }) => load.label === label),
  );
  const best = Math.max(...(saturated ?? []).map(({ throughput }) => throughput.requestsPerS));
  const rates = (open ?? []).map(({ load }) => load.resolvedRate);
  expect(new Set(rates).size).toBe(1);
  expect(rates[0]).toBeCloseTo(0.2 * best, best > 1000 ? -1 : 0);
  expect(open?.map(({ load }) => load.fractionOf?.ofRate)).toEqual([best, best]);
});

test('without a terminal there is one line a case, none of them wider than 88 columns', () => {
  expect(ended.stdout.match(/^ +\d\/4 /gm)).toHaveLength(4);
  expect(ended.stdout).not.toContain('\u001b');
  const lines = ended.stdout.split('\n').filter((line) => !line.includes(record.id));
  for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(88);
});

test('what is on disk can be read by every verb', async () => {
  const [report, cost, gate, compare] = await Promise.all([
    place.run('report', 'latest'),
    place.run('cost', 'results/latest', '--json'),
    place.run('gate', 'results/latest', '--budget', 'throughput > 1/s @ load=saturation', '--json'),
    place.run('compare', 'latest', 'results/latest'),
  ]);
  expect(report).toMatchObject({ code: 0 });
  expect(existsSync(place.path(report.stdout.trim()))).toBe(true);
  expect(cost).toMatchObject({ code: 0 });
  expect(gate.code).toBe(JSON.parse(gate.stdout).exitCode);
  expect(compare.stderr).toBe('');
});

test('--json prints the record and nothing else; --set and --seed change what they say', async () => {
  const { code, stdout, stderr } = await changed;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const printed = runRecord.parse(JSON.parse(stdout));
  expect(printed).toEqual(other.latest());
  expect(printed.scenario.seed).toBe(11);
  expect(printed.cases.map(({ axes }) => axes)).toEqual([
    { batch: '2', load: 'saturation' },
    { batch: '2', load: '30%' },
    { batch: '4', load: 'saturation' },
    { batch: '4', load: '30%' },
  ]);
  expect(printed.cases.map(({ target }) => target.effective['batching.maxRows'])).toEqual([2, 2, 4, 4]);
}, 120_000);
