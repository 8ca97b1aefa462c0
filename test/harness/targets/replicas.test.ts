import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { availableCpus } from '../../../harness/run/machine/available-cpus.ts';
import type { ReferenceTargetSpec } from '../../../harness/scenario/target-spec.ts';
import { parseCpuList } from '../../../harness/targets/placement.ts';
import { type BalancedSpec, replicatedTarget } from '../../../harness/targets/replicas.ts';
import { statisticsDelta } from '../../../harness/targets/statistics.ts';
import type { RunningTarget, ServerStatistics } from '../../../harness/targets/target.ts';
import { drive, PATIENT } from '../../reference-server/balancer/upstreams.ts';

const single: ReferenceTargetSpec = {
  kind: 'reference',
  model: 'demand-forecast',
  instances: 1,
  threads: 1,
  provider: 'cpu',
  placement: 'worker',
  batching: { maxRows: 4, maxDelayMs: 0, maxQueueRows: 512, inFlight: 1 },
};
const spec: BalancedSpec = {
  ...single,
  replicas: 2,
  balancer: { kind: 'inferometer', policy: 'leastInFlight' },
};

function alive(pid: number): boolean {
  const listed = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return listed !== '' && !listed.startsWith('Z');
}

/** Too few for a core each: all may run on both. */
const CORES = availableCpus().slice(0, 2);

let target: RunningTarget;
beforeAll(async () => {
  target = await replicatedTarget(spec, { cpus: CORES }).start();
});
afterAll(() => target.stop());

const counters = async () => (await target.statistics()) as ServerStatistics;

/** Requests for the model's own question, which the stubs' clients do not know. */
const ROW = JSON.stringify({
  inputs: [{ name: 'history', datatype: 'FP32', shape: [1, 28, 8], data: Array(28 * 8).fill(0.5) }],
});
const load = () =>
  drive(target.endpoint.url, 3, { path: '/v2/models/demand-forecast/infer', body: () => ROW });

test('two replicas and their balancer are one target that tells what it runs', async () => {
  expect(target.pids?.()).toHaveLength(3);
  expect(target.pids?.().every(alive)).toBe(true);
  expect(target.requested).toMatchObject({ replicas: 2, 'balancer.kind': 'inferometer', instances: 1 });
  expect(target.effective).toMatchObject({
    ...target.requested,
    'balancer.policy': 'leastInFlight',
    placement: 'worker',
  });
});

test.skipIf(CORES.length < 2)('all three are bound to the cores that they are given', () => {
  const status = (target.pids?.() ?? []).map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'));
  const lists = status.map((text) => /^Cpus_allowed_list:\s+(\S+)$/m.exec(text)?.[1] ?? '');
  expect(lists.map(parseCpuList)).toEqual([CORES, CORES, CORES]);
  const cpus = CORES.join(',');
  expect(target.effective).toMatchObject({ cpus, 'balancer.cpus': cpus });
});

test('what they count is one sum: every request arrived once and was answered once', async () => {
  const before = await counters();
  const driving = load();
  await expect.poll(() => driving.asked(), PATIENT).toBeGreaterThan(60);
  const statuses = await driving.end();
  const after = await counters();
  expect(statuses.every((status) => status === 200)).toBe(true);
  expect(after.arrivals).toBe((before.arrivals ?? 0) + statuses.length);
  expect(after.requestsOk - before.requestsOk).toBe(statuses.length);
  expect(after.rowsExecuted - before.rowsExecuted).toBe(statuses.length);
});

test('one is replaced under load and nothing is lost, not even its counters', async () => {
  const [before, old] = [await counters(), target.pids?.()];
  const driving = load();
  await expect.poll(() => driving.asked(), PATIENT).toBeGreaterThan(20);
  expect(await target.apply?.({ do: 'replica.replace', replica: 1 })).toMatchObject({
    done: expect.stringMatching(/^replaced within [\d.]+ s$/),
  });
  const statuses = await driving.end();
  const after = await counters();
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect(after.arrivals).toBe((before.arrivals ?? 0) + statuses.length);
  expect(after.requestsOk - before.requestsOk).toBe(statuses.length);
  const now = target.pids?.() ?? [];
  expect(now).toHaveLength(3);
  expect(old?.filter((pid) => !now.includes(pid)).map(alive)).toEqual([false]);
});

test('one is killed under load: each request has one end, and another replica takes its place', async () => {
  const before = await counters();
  const driving = load();
  await expect.poll(() => driving.asked(), PATIENT).toBeGreaterThan(20);
  expect(await target.apply?.({ do: 'replica.kill', replica: 2 })).toMatchObject({
    done: expect.stringMatching(/^killed; another one took its place after/),
  });
  const statuses = await driving.end();
  const failed = statuses.filter((status) => status !== 200);
  expect(failed.every((status) => status === 502)).toBe(true);
  expect(failed.length).toBeLessThanOrEqual(3);
  const delta = statisticsDelta(before, await counters());
  expect(delta.serverArrivals).toBe(statuses.length);
  expect(delta.batch).toEqual({ missing: 'a replica was killed, and its counters went with it' });
  expect(target.pids?.()).toHaveLength(3);
});

test('there is no third replica to be replaced', async () => {
  expect(await target.apply?.({ do: 'replica.replace', replica: 3 })).toEqual({
    failed: 'there is no replica 3',
  });
});

test('a replica that nobody killed on purpose is the death of the target; what is left is stopped', async () => {
  const pids = target.pids?.() ?? [];
  process.kill(pids[1] ?? 0, 'SIGKILL');
  expect(await target.died).toMatch(/^replica \d: the server ended by itself \(SIGKILL\)/);
  await target.stop();
  expect(pids.map(alive)).toEqual([false, false, false]);
});
