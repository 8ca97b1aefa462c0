import { describe, expect, it } from 'vitest';
import { findings } from '../../../harness/doctor/findings.ts';
import { cpuPressure, gatherReadings, openFiles, ports, stealShare } from '../../../harness/doctor/gather.ts';
import type { MachineReadings } from '../../../harness/doctor/readings.ts';

/** A machine without a fault. */
const GOOD: MachineReadings = {
  platform: 'linux',
  nodeVersion: '20.20.2',
  cores: { usable: 8, present: 8 },
  cpuQuotaCores: undefined,
  governor: 'performance',
  cpuPressurePct: 1,
  stealPct: 0.1,
  openFiles: { soft: 65_536, hard: 1_048_576 },
  ports: { first: 32_768, last: 60_999, timeWait: 12 },
  somaxconn: 4096,
  memory: { availableBytes: 8 * 2 ** 30, totalBytes: 16 * 2 ** 30 },
  exactSleeps: true,
  nativeLoopMissing: undefined,
  gpu: { names: ['NVIDIA H200'] },
  vulkanDrivers: ['/usr/share/vulkan/icd.d/nvidia_icd.json'],
  redisListens: true,
  programs: {
    'redis-server': '/usr/bin/redis-server',
    nginx: '/usr/sbin/nginx',
    haproxy: '/usr/sbin/haproxy',
    chromium: '/usr/bin/chromium',
    taskset: '/usr/bin/taskset',
    wrk: '/usr/bin/wrk',
    h2load: '/usr/bin/h2load',
    hey: '/usr/bin/hey',
  },
};

const NO_PROGRAMS = Object.fromEntries(
  Object.keys(GOOD.programs).map((name) => [name, undefined]),
) as MachineReadings['programs'];

describe('the findings of the doctor', () => {
  it('has nothing to say against a good machine', () => {
    expect(findings(GOOD).filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  it.each<[string, string, Partial<MachineReadings>, RegExp]>([
    ['node', 'warn', { nodeVersion: '20.19.9' }, /Node 20\.20/],
    ['node', 'warn', { nodeVersion: '18.20.0' }, /Node 20\.20/],
    ['node', 'ok', { nodeVersion: '22.0.0' }, /^$/],
    ['cores', 'warn', { cores: { usable: 1, present: 8 } }, /a core each/],
    ['cpu-quota', 'warn', { cpuQuotaCores: 1.5 }, /remove it/],
    ['cpu-quota', 'ok', { cpuQuotaCores: 8 }, /^$/],
    ['governor', 'warn', { governor: 'powersave' }, /performance/],
    ['governor', 'ok', { governor: undefined }, /^$/],
    ['pressure', 'warn', { cpuPressurePct: 48 }, /Stop what else runs/],
    ['pressure', 'missing', { cpuPressurePct: undefined }, /psi=1/],
    ['steal', 'warn', { stealPct: 8 }, /dedicated/],
    ['steal', 'missing', { stealPct: undefined }, /./],
    ['open-files', 'warn', { openFiles: { soft: 1024, hard: 1_048_576 } }, /ulimit -n 65536/],
    ['open-files', 'warn', { openFiles: { soft: 1024, hard: 2048 } }, /ulimit -n 2048/],
    ['open-files', 'missing', { openFiles: undefined }, /./],
    ['ports', 'warn', { ports: { first: 32_768, last: 60_999, timeWait: 20_000 } }, /TIME_WAIT/],
    ['ports', 'missing', { ports: undefined }, /./],
    ['backlog', 'warn', { somaxconn: 128 }, /somaxconn=4096/],
    ['memory', 'warn', { memory: { availableBytes: 2 ** 28, totalBytes: 2 ** 32 } }, /swap/],
    ['sleeps', 'warn', { exactSleeps: false }, /Linux/],
    ['epoll', 'missing', { nativeLoopMissing: 'not on darwin-arm64' }, /Linux 5\.11/],
    ['gpu', 'missing', { gpu: { missing: 'No NVIDIA driver library found' } }, /driver/],
    ['vulkan', 'missing', { vulkanDrivers: [] }, /VK_DRIVER_FILES/],
    ['redis', 'missing', { redisListens: false, programs: NO_PROGRAMS }, /redis-server/],
    ['redis', 'ok', { redisListens: false }, /^$/],
    ['balancers', 'missing', { programs: NO_PROGRAMS }, /balancer/],
    ['balancers', 'ok', { programs: { ...NO_PROGRAMS, nginx: '/nginx' } }, /^$/],
    ['chromium', 'missing', { programs: NO_PROGRAMS }, /browser/],
    ['taskset', 'warn', { programs: NO_PROGRAMS }, /util-linux/],
    ['peers', 'missing', { programs: NO_PROGRAMS }, /autocannon/],
  ])('%s: %s', (id, status, changed, advice) => {
    const found = findings({ ...GOOD, ...changed }).find((one) => one.id === id);
    expect(found?.status).toBe(status);
    expect(found?.advice ?? '').toMatch(advice);
    expect(found?.found).not.toBe('');
  });

  it('ends in advice wherever something is not well', () => {
    const bare = findings({ ...GOOD, programs: NO_PROGRAMS, cpuPressurePct: undefined, vulkanDrivers: [] });
    for (const { status, advice } of bare) expect(advice === undefined).toBe(status === 'ok');
  });

  it('names what is not there beside what is', () => {
    const one = findings({ ...GOOD, programs: { ...NO_PROGRAMS, wrk: '/wrk' } }).find(
      ({ id }) => id === 'peers',
    );
    expect(one?.found).toBe('/wrk; no h2load, no hey');
  });
});

describe('reading the machine', () => {
  it('understands what Linux writes', () => {
    expect(cpuPressure('some avg10=1.53 avg60=0.9 avg300=0.1 total=12\nfull avg10=0.00')).toBe(1.53);
    expect(stealShare('cpu  60 0 20 10 0 0 0 10 0 0\ncpu0 1 2 3 4')).toBe(10);
    expect(openFiles('Max open files            1024                 524288               files')).toEqual({
      soft: 1024,
      hard: 524_288,
    });
    expect(openFiles('Max open files  unlimited  unlimited  files')?.soft).toBe(Number.POSITIVE_INFINITY);
    expect(ports('32768\t60999\n', 'sockets: used 9\nTCP: inuse 5 orphan 0 tw 17 alloc 7 mem 1')).toEqual({
      first: 32_768,
      last: 60_999,
      timeWait: 17,
    });
  });

  it('says nothing of what is not there', () => {
    for (const read of [cpuPressure, stealShare, openFiles]) {
      expect(read(undefined)).toBeUndefined();
      expect(read('something else')).toBeUndefined();
    }
    expect(ports(undefined, undefined)).toBeUndefined();
  });

  it('works here, whatever this machine is', async () => {
    const judged = findings(await gatherReadings());
    expect(new Set(judged.map(({ id }) => id)).size).toBe(judged.length);
    expect(judged.length).toBe(findings(GOOD).length);
  });
});
