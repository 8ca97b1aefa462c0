import { writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { createStore } from '../../harness/record/store.ts';
import { plantAllOverloaded, plantWinner } from '../support/planted-records.ts';
import { type Workplace, workplace } from './cli-process.ts';

const places: Workplace[] = [];
afterAll(() => Promise.all(places.map((place) => place.close())));

/** `results/latest` as if the run had just been made here. */
function placeWith(record: RunRecord): Workplace {
  const place = workplace();
  places.push(place);
  const store = createStore({
    outFolder: place.path('results'),
    scenarioName: record.scenario.name,
    startedAt: new Date(record.startedAt),
  });
  store.write({ ...record, id: store.id });
  return place;
}

const gate = (place: Workplace, budget: string) => place.run('gate', 'results/latest', '--budget', budget);

test('a broken budget exits 1 and names the worst case; a kept one exits 0', async () => {
  const place = placeWith(plantWinner());
  const broken = await gate(place, 'p99<1us @ load=10%');
  expect(broken.stdout).toMatch(/WORST +batch 1 · delay 0ms · load 10%: p99 16 ms/);
  expect(broken).toMatchObject({ code: 1, stderr: '' });
  expect((await gate(place, 'p99<60s @ load=10%')).code).toBe(0);
  expect((await gate(place, 'p99<50ms @ batch=32,delay=2ms,load=75%')).code).toBe(2);
});

test('a latency budget over an overloaded case fails, however wide', async () => {
  const { code, stdout } = await gate(placeWith(plantAllOverloaded()), 'p99<60s @ load=200/s');
  expect(code).toBe(1);
  expect(stdout).toContain('overloaded');
});

test('cost names the nearest machine; a machine that was only asked for is what-if in every line', async () => {
  const place = placeWith(plantWinner());
  const nearest = await place.run('cost', 'results/latest');
  expect(nearest.code).toBe(0);
  expect(nearest.stdout).toMatch(/nearest priced machine/);
  const asked = await place.run('cost', 'results/latest', '--price', 'aws/g5.xlarge');
  expect(asked.code).toBe(0);
  expect(asked.stdout).toContain('did no');
  const priced = asked.stdout.split('\n').filter((line) => /\$\d+\.\d/.test(line));
  expect(priced.length).toBeGreaterThan(1);
  for (const line of priced) expect(line).toContain('what-if');
});

test('a record of another version is refused, not misread', async () => {
  const place = workplace();
  places.push(place);
  writeFileSync(place.path('run.json'), JSON.stringify({ ...plantWinner(), formatVersion: 99 }));
  const { code, stderr } = await place.run('report', 'run.json');
  expect(stderr).toContain('format 99');
  expect(code).toBe(3);
});
