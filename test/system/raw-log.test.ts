import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { TINY, workplace } from './cli-process.ts';

const place = workplace();
place.write('tiny.yaml', TINY);
afterAll(() => place.close());

test('a run that keeps every request can be rebuilt from them, and says when some are gone', async () => {
  const run = await place.run(
    ...['run', 'tiny.yaml', '--raw', '--trials', '2', '--set', 'vary.batch.values=[8]'],
    ...['--set', 'load={poisson: {rate: 40/s}}', '--set', 'duration=500ms'],
  );
  expect(run).toMatchObject({ code: 0, stderr: '' });
  const folder = place.path(join('results', 'latest', 'raw'));
  const rows = readdirSync(folder).filter((name) => name.endsWith('.rows'));
  expect(rows).toHaveLength(2);
  const whole = await place.run('report', 'results/latest', '--from-raw');
  expect(whole.stdout).toMatch(
    /requests of 1 case read: every count, histogram and window is that of run\.json/,
  );
  expect(whole).toMatchObject({ code: 0, stderr: '' });
  const { stdout } = await place.run('requests', 'results/latest');
  const requests = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const [first] = place.latest().cases;
  const measured = requests.filter(({ phase, fate }) => phase === 'measure' && fate === 'ok');
  expect(measured).toHaveLength(first?.counts.ok ?? -1);
  expect(new Set(requests.map(({ trial }) => trial))).toEqual(new Set([0, 1]));
  truncateSync(join(folder, rows[0] ?? ''), 640);
  const cut = await place.run('report', 'results/latest', '--from-raw');
  expect(cut.stdout).toContain('it was cut off after 10 of');
  expect(cut.code).toBe(2);
}, 120_000);
