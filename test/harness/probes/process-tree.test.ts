import { type ChildProcess, spawn } from 'node:child_process';
import { cpuUsage } from 'node:process';
import { afterEach, describe, expect, test } from 'vitest';
import { generatorProbe } from '../../../harness/probes/generator.ts';
import { cgroupFolders, hostProbe } from '../../../harness/probes/host.ts';
import { processTreeProbe } from '../../../harness/probes/process-tree.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) {
    child.stdin?.end();
    child.kill('SIGKILL');
  }
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A process that has a child of its own, which burns one core until `seconds` of CPU or its parent is gone. */
async function busyFamily(burnMs: number): Promise<{ pid: number; done: Promise<unknown> }> {
  const burner = `const end = process.cpuUsage().user + ${burnMs * 1000};
    const burn = () => { if (process.cpuUsage().user > end) process.exit(); for (let i = 0; i < 1e6; i++); setImmediate(burn); };
    process.on('disconnect', () => process.exit()); burn();`;
  const parent = `const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(burner)}],
      { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    child.on('exit', () => console.log('child ended'));
    process.stdin.resume().on('end', () => process.exit()); console.log('up');`;
  const child = spawn(process.execPath, ['-e', parent], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  const done = new Promise((resolve) => child.stdout?.once('data', resolve));
  return { pid: child.pid ?? 0, done };
}

describe.skipIf(process.platform !== 'linux')('a process tree', () => {
  test('its CPU time is that of parent and child, also after the child has ended', async () => {
    let usedCores = 0;
    let atMs = 0;
    const family = await busyFamily(400);
    // A clock of 1 s a reading turns cores into CPU seconds: no timing of this machine enters.
    const probe = processTreeProbe(family.pid, () => (atMs += 1_000));
    const collect = () => {
      const reading = probe.read();
      usedCores += reading.cpuCores ?? Number.NaN;
      return reading;
    };
    await expect.poll(() => collect().processes, { timeout: 10_000 }).toBe(2);
    await family.done;
    expect(collect().processes).toBe(1);
    // 400 ms burnt, of which some may lie before the first reading; starting two Node processes adds some.
    expect(usedCores).toBeGreaterThan(0.2);
    expect(usedCores).toBeLessThan(1.2);
    probe.close();
  });

  test('its memory is that of all its processes', async () => {
    const family = await busyFamily(2_000);
    const probe = processTreeProbe(family.pid);
    // Two Node processes: each has tens of MiB.
    await expect.poll(() => probe.read().rssMiB, { timeout: 10_000 }).toBeGreaterThan(60);
    expect(probe.read().rssMiB).toBeLessThan(400);
    probe.close();
  });

  test('of several roots that come and go, the time of one that has ended stays counted', async () => {
    const first = await busyFamily(400);
    const roots = [first.pid];
    let atMs = 0;
    const probe = processTreeProbe(
      () => roots,
      () => (atMs += 1_000),
    );
    await first.done;
    expect(probe.read().processes).toBe(1);
    const second = await busyFamily(200);
    roots.push(second.pid);
    await second.done;
    const [child] = children;
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child?.stdin?.end();
    await ended;
    const { cpuCores, processes } = probe.read();
    expect(processes).toBe(1);
    // Forgotten, the first one's 400 ms would be taken off the second one's 200.
    expect(cpuCores).toBeGreaterThan(0.15);
    expect(cpuCores).toBeLessThan(1);
    probe.close();
  });

  test('a process that has ended is a gap with the reason', async () => {
    const family = await busyFamily(10);
    const probe = processTreeProbe(family.pid);
    const [child] = children;
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child?.stdin?.end();
    await ended;
    expect(probe.read()).toEqual({ cpuCores: null, rssMiB: null, processes: null });
    expect(probe.gaps?.cpuCores).toBe(`the process ${family.pid} has ended`);
    probe.close();
  });

  test('the host is read where it can be, each metric within its bounds', async () => {
    const probe = hostProbe();
    await pause(50);
    for (const [metric, value] of Object.entries(probe.read())) {
      expect(value, metric).toBeGreaterThanOrEqual(0);
      expect(value, metric).toBeLessThanOrEqual(110);
    }
    expect(Object.keys(probe.metrics)).toContain('stealPct');
    expect(cgroupFolders()[0]).toMatch(/^\/sys\/fs\/cgroup/);
    probe.close();
  });
});

test('the generator reads its own CPU', () => {
  let atMs = 0;
  const probe = generatorProbe(() => (atMs += 1_000));
  const before = cpuUsage();
  while (cpuUsage(before).user < 100_000);
  const { cpuCores, rssMiB } = probe.read();
  expect(cpuCores).toBeGreaterThanOrEqual(0.1);
  expect(cpuCores).toBeLessThan(0.5);
  expect(rssMiB).toBeGreaterThan(20);
});
