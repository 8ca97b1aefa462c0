import { expect, test } from 'vitest';
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

/** A place of its own for each test: they run at the same time, and mostly wait. */
function ownPlace(scenario = LONG): Workplace {
  const place = workplace();
  place.write('long.yaml', scenario);
  return place;
}

/** The first case takes a second; the run is then in the second one, which takes a minute. */
async function inTheSecondCase(place: Workplace) {
  const words = ['run', 'long.yaml', '--set', 'measure.trials=60'];
  const running = place.start(words);
  await running.printed(/^ +2\/120 /m);
  return running;
}

const serverOf = (place: Workplace) =>
  place.processes().find(({ command }) => command.includes('reference-server'));

test.concurrent('Ctrl-C keeps what was measured: a partial record that can be read, exit 130, no process', async ({
  onTestFinished,
}) => {
  const place = ownPlace();
  onTestFinished(() => place.close());
  const running = await inTheSecondCase(place);
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

test.concurrent('a second Ctrl-C stops at once', async ({ onTestFinished }) => {
  const place = ownPlace(LONG.replace('drain: 2s', 'drain: 60s').replace('duration: 1s', 'duration: 60s'));
  onTestFinished(() => place.close());
  const running = place.start(['run', 'long.yaml']);
  while (serverOf(place) === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
  running.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 300));
  running.kill('SIGINT');
  const { code } = await running.ended;
  expect(code).toBe(130);
  expect(place.latest().partial).toBe(true);
  expect(place.processes()).toEqual([]);
}, 90_000);

test.concurrent('a server that dies is one clear error, exit 4; the cases before it are kept', async ({
  onTestFinished,
}) => {
  const place = ownPlace();
  onTestFinished(() => place.close());
  const running = await inTheSecondCase(place);
  process.kill(serverOf(place)?.pid ?? 0, 'SIGKILL');
  const { code, stderr } = await running.ended;
  expect(stderr).toMatch(/^The server went away while it was measured: .*SIGKILL.*\n$/);
  expect(code).toBe(4);
  const record = place.latest();
  expect(record.partial).toBe(true);
  expect(record.cases).toHaveLength(1);
  expect(place.processes()).toEqual([]);
}, 90_000);
