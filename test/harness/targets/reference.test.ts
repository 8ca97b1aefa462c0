import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { TargetError } from '../../../harness/errors.ts';
import { packageFile } from '../../../harness/package-files.ts';
import { servedName } from '../../../harness/scenario/served-name.ts';
import type { ReferenceTargetSpec } from '../../../harness/scenario/target-spec.ts';
import { type ReferenceTargetOptions, referenceTarget } from '../../../harness/targets/reference.ts';
import { statisticsDelta } from '../../../harness/targets/statistics.ts';
import type { RunningTarget } from '../../../harness/targets/target.ts';

const entry = packageFile('dist', 'test', 'support', 'fake-server.js');
const spec = (model: string): ReferenceTargetSpec => ({
  kind: 'reference',
  model,
  instances: 1,
  threads: 1,
  provider: 'auto',
  batching: { maxRows: 32, maxDelayMs: 2, maxQueueRows: 512, inFlight: 1 },
});

const running: RunningTarget[] = [];
const start = async (model: string, options: ReferenceTargetOptions = {}) => {
  const target = await referenceTarget(spec(model), { entry, ...options }).start();
  running.push(target);
  return target;
};
afterEach(async () => {
  await Promise.all(running.splice(0).map((target) => target.stop()));
});

/** A zombie is not alive: some init processes take their time to collect orphans. */
function alive(pid: number | undefined): boolean {
  const listed = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return listed !== '' && !listed.startsWith('Z');
}

test('it starts, tells what it is and runs, and leaves nothing when stopped', async () => {
  const target = await start('chatty');
  expect(target.model.inputs).toEqual([{ name: 'features', datatype: 'FP32', shape: [-1, 4] }]);
  expect(target.requested).toMatchObject({ 'batching.maxRows': 32, provider: 'auto', threads: 1 });
  expect(target.effective).toMatchObject({
    'batching.maxRows': 32,
    'batching.maxDelayMs': 2,
    providerRan: 'cpu',
  });
  expect(await target.statistics()).toMatchObject({ arrivals: 5, executions: 2, rowsExecuted: 3 });
  expect(alive(target.pid)).toBe(true);
  await Promise.all([target.stop(), target.stop()]);
  expect(alive(target.pid)).toBe(false);
});

/** One row with the same value throughout. */
async function infer({ endpoint }: RunningTarget, value: number): Promise<void> {
  const inputs = [{ name: 'features', datatype: 'FP32', shape: [1, 1024], data: Array(1024).fill(value) }];
  const body = JSON.stringify({ inputs });
  const response = await fetch(`${endpoint.url}/v2/models/recommender/infer`, { method: 'POST', body });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
}

test('the real server runs what is asked of its batches, its queue, its cache and its steps, and says so', async () => {
  const { batching } = spec('recommender');
  const asked = {
    preferredRows: [2, 4],
    allowedRows: [4, 32],
    queueTimeoutMs: 250,
    queueTimeoutAction: 'defer',
  } as const;
  const target = await referenceTarget({
    ...spec('recommender'),
    placement: 'inline',
    batching: { ...batching, ...asked, inFlight: 2 },
    cache: { kind: 'local', maxBytes: 2 ** 20, ttlMs: 60_000, singleFlight: true },
    pipeline: { before: [{ step: 'clip', from: 'features', low: -3 }] },
  }).start();
  running.push(target);
  const expected = Object.entries(asked).map(([name, value]) => [`batching.${name}`, value]);
  const cached = { 'cache.kind': 'local', 'cache.maxBytes': 2 ** 20, 'cache.ttlMs': 60_000 };
  const settings = {
    ...Object.fromEntries(expected),
    placement: 'inline',
    'batching.inFlight': 2,
    'pipeline.before': ['clip'],
    ...cached,
  };
  expect(target.requested).toMatchObject(settings);
  expect(target.effective).toMatchObject(settings);
  const before = await target.statistics();
  for (const value of [0.5, 0.5, 0.25, 0.5]) await infer(target, value);
  expect(statisticsDelta(before, await target.statistics())).toMatchObject({
    cache: { lookups: 4, hits: 2, misses: 2, joins: 0, evicted: 0, expired: 0, hitRate: 0.5 },
    batch: { rowsExecuted: 2 },
    serverArrivals: 4,
  });
});

test('a server that is gone has no statistics, and says so', async () => {
  const target = await start('recommender');
  await target.stop();
  expect(await target.statistics()).toMatchObject({ missing: expect.stringMatching(/Nothing listens/) });
});

test('a fatal start is told in the words of the server', async () => {
  const failure = await start('fatal').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TargetError);
  expect(failure).toMatchObject({ message: 'The model file is damaged.', advice: 'Copy it again.' });
});

test('a server that never says that it listens is given up and killed', async () => {
  await expect(start('silent', { startWithinMs: 400 })).rejects.toThrow(/did not listen within 0.4 s/);
});

test('a setting that runs differently than asked is an error, and stops the server', async () => {
  await expect(start('other-settings')).rejects.toThrow(
    /does not run what was asked for: batching.maxRows: asked for 32, the server runs 4/,
  );
});

test('a death is told with its reason; a stop is not a death', async () => {
  const target = await start('dies');
  expect(await target.died).toMatch(/ended by itself \(exit code 7\)/);
  // A child that the dead server leaves behind holds its pipes open; that must not hide the death.
  const survived = await start('dies-as-a-parent');
  expect(await survived.died).toMatch(/ended by itself/);
  const healthy = await start('recommender');
  await healthy.stop();
  expect(await Promise.race([healthy.died, Promise.resolve('alive until asked')])).toBe('alive until asked');
});

test('who ignores SIGTERM is killed after its time to drain', async () => {
  const target = await start('stubborn', { drainWithinMs: 200 });
  await target.stop();
  expect(alive(target.pid)).toBe(false);
});

test('what the server started goes with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reference-'));
  const target = await start('parent', { logFile: join(folder, 'server.log') });
  await target.stop();
  const sleeper = Number(/sleeper (\d+)/.exec(readFileSync(join(folder, 'server.log'), 'utf8'))?.[1]);
  expect(sleeper).toBeGreaterThan(1);
  expect(alive(sleeper)).toBe(false);
  rmSync(folder, { recursive: true });
});

test.skipIf(process.platform !== 'linux')('it is bound to the cores that it is given', async () => {
  const notices: string[] = [];
  const target = await start('recommender', { cpus: [0], onNotice: ({ id }) => notices.push(id) });
  if (notices.length > 0) return expect(notices).toEqual(['unpinned']);
  const status = readFileSync(`/proc/${target.pid}/status`, 'utf8');
  expect(status).toMatch(/^Cpus_allowed_list:\s+0$/m);
  expect(target.cpus).toEqual([0]);
});

test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
  'no server outlives a harness that ends by %s',
  async (signal) => {
    const module = pathToFileURL(packageFile('dist/harness/targets/reference.js')).href;
    const script = `import { referenceTarget } from ${JSON.stringify(module)};
    const target = await referenceTarget(${JSON.stringify(spec('recommender'))}, { entry: ${JSON.stringify(entry)} }).start();
    console.log(target.pid);`;
    const harness = spawn(process.execPath, ['--input-type=module', '-e', script]);
    const pid = Number(
      await new Promise<string>((resolve) => harness.stdout.once('data', (d) => resolve(String(d)))),
    );
    expect(alive(pid)).toBe(true);
    harness.kill(signal);
    await expect.poll(() => alive(pid), { timeout: 10_000 }).toBe(false);
  },
);

test('the bundled server itself tells what it runs, counts what it does, and drains', async () => {
  const server = packageFile('dist', 'reference-server', 'main.js');
  const target = await start('recommender', { entry: server });
  expect(target.model).toMatchObject({ name: 'recommender', maxRows: 32 });
  expect(target.model.inputs[0]).toMatchObject({ datatype: 'FP32', shape: [-1, 1024] });
  expect(target.effective).toMatchObject({ ...target.requested, providerRan: 'cpu' });
  const before = await target.statistics();
  const inputs = [{ name: 'features', datatype: 'FP32', shape: [3, 1024], data: Array(3 * 1024).fill(0.5) }];
  const response = await fetch(`${target.endpoint.url}/v2/models/recommender/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
  });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  expect(statisticsDelta(before, await target.statistics())).toMatchObject({
    serverArrivals: 1,
    batch: { executions: 1, rowsExecuted: 3, histogram: { '3': 1 }, release: { delay: 1 } },
  });
  await target.stop();
  expect(alive(target.pid)).toBe(false);
}, 60_000);

test('a path to an ONNX file is served under the name of the file', () => {
  expect(servedName('recommender')).toBe('recommender');
  expect(servedName('./models/ranker.v2.onnx')).toBe('ranker.v2');
});

test('no fake server is left behind by these tests', () => {
  if (process.platform !== 'linux') return;
  const left = execFileSync('ps', ['-eo', 'ppid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(entry) && !line.includes('ps -eo'));
  expect(left).toEqual([]);
});
