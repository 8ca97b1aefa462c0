import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Running, workplace } from './cli-process.ts';

const place = workplace();
let server: Running;
let url: string;

beforeAll(async () => {
  server = place.start(['serve', '--port', '0', '--max-rows', '16', '--max-delay', '1ms']);
  const said = await server.printed(/Ctrl-C drains and stops/);
  url = /http:\/\/\S+/.exec(said)?.[0] ?? '';
}, 120_000);
afterAll(() => place.close());

const short = ['--set', 'load.closed.inFlight=4', '--set', 'duration=1s', '--set', 'warmup=100ms'];

test('serve in one process, run capacity against it in another', async () => {
  const { code, stderr } = await place.run(
    ...['run', 'capacity', '--url', url, '--model', 'recommender', ...short],
    ...['--set', 'load.ladder.steps=[10%]', '--set', 'decide.slo=[p50 < 60s]'],
  );
  expect(stderr).toBe('');
  expect([0, 2]).toContain(code);
  const record = place.latest();
  expect(record.cases.map(({ id }) => id)).toEqual(['load=saturation', 'load=10%']);
  const [saturated] = record.cases;
  expect(saturated).toMatchObject({ target: { kind: 'external', requested: { url } } });
  expect(saturated?.counts.ok).toBeGreaterThan(0);
  expect(saturated?.serverArrivals).toBe((saturated?.counts.sent ?? 0) + (saturated?.warmupCounts.sent ?? 0));
}, 120_000);

test('run batching against it is refused with the reason', async () => {
  const { code, stderr, stdout } = await place.run('run', 'batching', '--url', url, '--model', 'recommender');
  expect(stderr).toContain(`target.reference.batching.maxRows cannot be changed on ${url}`);
  expect(stderr).toContain('--as-found');
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
});

test('with --as-found it is one setting, labelled with what the server says that it runs', async () => {
  const { code, stderr, stdout } = await place.run(
    ...['run', 'batching', '--as-found', '--url', url, '--model', 'recommender', ...short],
    ...['--set', 'load.ladder.steps=[10%]'],
  );
  expect(stderr).toBe('');
  expect([0, 2]).toContain(code);
  const record = place.latest();
  expect(record.scenario.axes).toEqual({ 'as found': ['batch 16, delay 1 ms'] });
  expect(record.cases.map(({ axes }) => axes.load)).toEqual(['saturation', '10%']);
  expect(record.notices.map(({ id }) => id)).toContain('left-out');
  expect(stdout).toContain('batch 16, delay 1 ms');
}, 120_000);

test('a port in use is one clear error, exit 4', async () => {
  const { code, stderr, stdout } = await place.run('serve', '--port', new URL(url).port);
  expect(stderr).toMatch(new RegExp(`^port ${new URL(url).port} on 127.0.0.1 is in use\n {4}\\S`, 'm'));
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
}, 60_000);

test('nobody there is one clear error, exit 4', async () => {
  const { code, stderr } = await place.run('run', 'smoke', '--url', 'http://127.0.0.1:9', '--model', 'm');
  expect(stderr).toContain('127.0.0.1:9');
  expect(code).toBe(4);
}, 60_000);

test('Ctrl-C drains and stops it, exit 0, and its server goes with it', async () => {
  server.kill('SIGINT');
  expect((await server.ended).code).toBe(0);
  expect(place.processes()).toEqual([]);
}, 60_000);
