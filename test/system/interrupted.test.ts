import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Workplace, workplace } from './cli-process.ts';

/** Cases long enough to be interrupted in: nobody waits for their end. */
const LONG = `name: long
question: What is left when it does not end?
target:
  reference: { model: recommender, batching: { maxRows: 8 } }
vary:
  rate: { path: load.poisson.rate, values: [20/s, 21/s] }
load: { poisson: { rate: 20/s } }
measure: { warmup: 100ms, duration: 1s, drain: 2s, order: sequential, trials: 1 }
`;

let place: Workplace;
beforeEach(() => {
  place = workplace();
  place.write('long.yaml', LONG);
});
afterEach(() => place.close());

/** The first case takes a second; the run is then in the second one, which takes a minute. */
async function inTheSecondCase() {
  const words = ['run', 'long.yaml', '--set', 'measure.trials=60'];
  const running = place.start(words);
  await running.printed(/^ +2\/120 /m);
  return running;
}

const server = () => place.processes().find(({ command }) => command.includes('reference-server'));

test('Ctrl-C keeps what was measured: a partial record that can be read, exit 130, no process', async () => {
  const running = await inTheSecondCase();
  running.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  expect(stderr).toContain('Finishing what is in flight');
  expect(code).toBe(130);
  const record = place.latest();
  expect(record.partial).toBe(true);
  expect(record.cases[0]?.counts.ok).toBeGreaterThan(0);
  expect(record.notices.map(({ id }) => id)).toContain('interrupted');
  expect(stdout).toMatch(/1 of 2 cases, partial/);
  expect(stdout.trimEnd().split('\n').at(-1)).toContain('report.html');
  expect(place.processes()).toEqual([]);
  expect(await place.run('report', 'latest')).toMatchObject({ code: 0 });
}, 90_000);

test('a second Ctrl-C stops at once', async () => {
  place.write('long.yaml', LONG.replace('drain: 2s', 'drain: 60s').replace('duration: 1s', 'duration: 60s'));
  const running = place.start(['run', 'long.yaml']);
  while (server() === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
  running.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 300));
  running.kill('SIGINT');
  const { code } = await running.ended;
  expect(code).toBe(130);
  expect(place.latest().partial).toBe(true);
  expect(place.processes()).toEqual([]);
}, 90_000);

test('a server that dies is one clear error, exit 4; the cases before it are kept', async () => {
  const running = await inTheSecondCase();
  process.kill(server()?.pid ?? 0, 'SIGKILL');
  const { code, stderr } = await running.ended;
  expect(stderr).toMatch(/^The server went away while it was measured: .*SIGKILL.*\n$/);
  expect(code).toBe(4);
  const record = place.latest();
  expect(record.partial).toBe(true);
  expect(record.cases).toHaveLength(1);
  expect(place.processes()).toEqual([]);
}, 90_000);
