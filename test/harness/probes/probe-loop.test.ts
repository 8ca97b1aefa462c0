import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Probe } from '../../../harness/probes/probe.ts';
import { nextReadAtMs, startProbeLoop } from '../../../harness/probes/probe-loop.ts';
import { meanOver, utilizationOver } from '../../../harness/probes/utilization.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** A probe whose CPU counter grows by `cores(ms)`, read as a rate like the real ones. */
function workingProbe(name: string, counterMs: () => number): Probe {
  let [lastMs, lastAtMs] = [counterMs(), nowMs()];
  return {
    name,
    metrics: { cpuCores: 'cores', rssMiB: 'MiB' },
    read() {
      const [usedMs, atMs] = [counterMs(), nowMs()];
      const cpuCores = (usedMs - lastMs) / (atMs - lastAtMs);
      [lastMs, lastAtMs] = [usedMs, atMs];
      return { cpuCores, rssMiB: atMs };
    },
    close() {},
  };
}

test('the next reading is on the grid through the start, and at the end', () => {
  const phase = { measureAtMs: 10_300, measureEndAtMs: 12_700 };
  const reads = [7_000];
  while ((reads.at(-1) ?? 0) < 15_000) reads.push(nextReadAtMs(reads.at(-1) ?? 0, 1_000, phase));
  expect(reads).toEqual([7_000, 7_300, 8_300, 9_300, 10_300, 11_300, 12_300, 12_700, 13_300, 14_300, 15_300]);
});

test('a moment of the grid beside a reading or the end is left out', () => {
  const phase = { measureAtMs: 10_000, measureEndAtMs: 12_100 };
  expect(nextReadAtMs(11_000, 1_000, phase)).toBe(12_100);
  expect(nextReadAtMs(12_100, 1_000, phase)).toBe(13_000);
  expect(nextReadAtMs(12_100, 1_000, { ...phase, measureEndAtMs: 11_900 })).toBe(13_000);
  expect(nextReadAtMs(7_900, 1_000, phase)).toBe(9_000);
  expect(nextReadAtMs(9_900, 1_000, phase)).toBe(10_000);
  expect(nextReadAtMs(9_999, 1_000, phase)).toBe(11_000);
});

test('the mean of CPU cores is the difference of the counter over exactly the measure phase', () => {
  const t0 = nowMs();
  // Idle in warm-up, 1.5 cores while measured, 4 cores in the drain.
  const counter = () => {
    const s = (nowMs() - t0) / 1000;
    return 1000 * (1.5 * Math.min(Math.max(s - 1.3, 0), 2.5) + 4 * Math.max(s - 3.8, 0));
  };
  const loop = startProbeLoop([workingProbe('server', counter)]);
  vi.advanceTimersByTime(100);
  loop.align({ measureAtMs: t0 + 1_300, measureEndAtMs: t0 + 3_800 });
  vi.advanceTimersByTime(5_000);
  const result = loop.stop();
  expect(result.readings.server?.cpuCores?.atS.slice(0, 5)).toEqual([0, 1, 2, 2.5, 3]);
  const utilization = utilizationOver(result, [], { fromS: 0, toS: 2.5 });
  expect(utilization.serverCpuCores).toBeCloseTo(1.5, 6);
  expect(utilization.serverRssMiB).toBeCloseTo(t0 + 3_800, -1);
  expect(utilization.generatorCpuCores).toEqual({ missing: 'nothing watched it (no generator probe)' });
});

test('a probe that throws has gaps with the reason, and the others go on', () => {
  const broken: Probe = {
    name: 'server',
    metrics: { cpuCores: 'cores' },
    read: () => {
      throw new Error('it broke');
    },
    close: () => {
      throw new Error('again');
    },
  };
  const loop = startProbeLoop([broken, workingProbe('generator', nowMs)]);
  vi.advanceTimersByTime(3_000);
  const result = loop.stop();
  expect(result.readings.server?.cpuCores).toEqual({
    unit: 'cores',
    atS: [1, 2, 3],
    values: [null, null, null],
    gaps: ['it broke'],
  });
  const utilization = utilizationOver(result, [], { fromS: 1, toS: 3 });
  expect(utilization.serverCpuCores).toEqual({ missing: 'it broke' });
  expect(utilization.generatorCpuCores).toBeCloseTo(1, 6);
});

test('a probe that can read nothing here is absent with its reason', () => {
  const none: Probe = { name: 'gpu', metrics: { missing: 'no driver' }, read: () => ({}), close() {} };
  const loop = startProbeLoop([none]);
  vi.advanceTimersByTime(2_000);
  const result = loop.stop();
  expect(result).toEqual({ readings: {}, absent: { gpu: 'no driver' } });
  expect(utilizationOver(result, [], { fromS: 0, toS: 1 }).gpu).toEqual({ missing: 'no driver' });
});

test('a mean needs readings over half of the stretch, and gaps weigh nothing', () => {
  const series = { unit: 'W', atS: [0, 1, 2, 3, 4], values: [9, 10, null, 20, 40], gaps: ['lost'] };
  expect(meanOver(series, { fromS: 0, toS: 4 })).toBeCloseTo((10 + 20 + 40) / 3);
  expect(meanOver(series, { fromS: 0.5, toS: 3.5 })).toBeCloseTo((0.5 * 10 + 20 + 0.5 * 40) / 2);
  expect(meanOver(series, { fromS: 1, toS: 2.5 })).toEqual({ missing: 'lost' });
});
