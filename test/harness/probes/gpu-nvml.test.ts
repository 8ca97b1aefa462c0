import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type GpuProbe, gpuProbe } from '../../../harness/probes/gpu-nvml.ts';
import { throttleReasons } from '../../../harness/probes/nvml-library.ts';
import { startProbeLoop } from '../../../harness/probes/probe-loop.ts';
import { utilizationOver } from '../../../harness/probes/utilization.ts';
import { buildNvmlStandIn, type NvmlStandIn, noCompiler, ONE_GPU } from '../../support/nvml-stand-in.ts';

test('without a driver the reason is said and nothing else happens', () => {
  const probe = gpuProbe('/nowhere/libnvidia-ml.so.1');
  expect(probe.metrics).toEqual({
    missing: 'No NVIDIA driver library found (/nowhere/libnvidia-ml.so.1)',
  });
  expect(probe.read()).toEqual({});
  probe.close();
});

test('the bits of a throttle mask have names', () => {
  expect(throttleReasons(0)).toEqual([]);
  expect(throttleReasons(0x1 | 0x40)).toEqual(['idle', 'thermal, by hardware']);
});

describe.skipIf(noCompiler !== undefined)('with a stand-in library', () => {
  let folder: string;
  let nvml: NvmlStandIn;
  const opened: GpuProbe[] = [];
  const open = () => {
    const probe = gpuProbe(nvml.file);
    opened.push(probe);
    return probe;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nvml-'));
    nvml = buildNvmlStandIn(folder);
  });
  afterEach(() => {
    for (const probe of opened.splice(0)) probe.close();
    rmSync(folder, { recursive: true });
  });

  test('a device is read in the units of the record', () => {
    const probe = open();
    expect(probe.driverVersion).toBe('570.86.15');
    expect(probe.devices).toEqual([{ index: 0, name: 'NVIDIA Stand-in', memoryTotalMiB: 8192 }]);
    expect(probe.read()).toEqual({
      '0.utilizationPct': 42,
      '0.memoryUsedMiB': 2048,
      '0.powerW': 123.4,
      '0.smClockMHz': 1410,
      '0.throttleMask': 4,
    });
    expect(probe.gaps).toEqual({});
  });

  test('what a device does not support is a gap with its reason, and only that', () => {
    const { '0.power': _, ...withoutPower } = ONE_GPU;
    nvml.script({ ...withoutPower, '0.throttle': 'error 4' });
    const probe = open();
    expect(probe.read()).toMatchObject({ '0.utilizationPct': 42, '0.powerW': null, '0.throttleMask': null });
    expect(probe.gaps).toEqual({
      '0.powerW': 'not supported by this device',
      '0.throttleMask': 'no permission',
    });
  });

  test('a GPU that is lost during the run leaves gaps, not a crash', () => {
    const probe = open();
    probe.read();
    nvml.script({ ...ONE_GPU, '0.utilization': 'error 15', '0.memory.total': 'error 999' });
    expect(probe.read()).toMatchObject({
      '0.utilizationPct': null,
      '0.memoryUsedMiB': null,
      '0.powerW': 123.4,
    });
    expect(probe.gaps).toEqual({
      '0.utilizationPct': 'the GPU has been lost',
      '0.memoryUsedMiB': 'NVML error 999',
    });
  });

  test('two devices are told apart', () => {
    nvml.script({ ...ONE_GPU, count: 2, '1.name': 'Other', '1.utilization': 7 });
    const probe = open();
    expect(probe.devices.map(({ name }) => name)).toEqual(['NVIDIA Stand-in', 'Other']);
    expect(probe.read()).toMatchObject({ '0.utilizationPct': 42, '1.utilizationPct': 7, '1.powerW': null });
  });

  test.each([
    [{ init: 'error 9' }, 'The NVIDIA driver does not answer (the driver is not loaded)'],
    [
      { init: 'error 18' },
      'The NVIDIA driver does not answer (the driver and its library have different versions)',
    ],
    [{ count: 0 }, 'The NVIDIA driver lists no GPU'],
    [{ count: 'error 4' }, 'The NVIDIA driver does not list its GPUs (no permission)'],
  ])('%j: no GPU, with the reason', (script, missing) => {
    nvml.script(script);
    expect(open().metrics).toEqual({ missing });
  });

  test('a driver without one of the functions lacks that metric only', () => {
    nvml = buildNvmlStandIn(folder, ['-DWITHOUT_THROTTLE']);
    const probe = open();
    expect(probe.read()).toMatchObject({ '0.utilizationPct': 42, '0.throttleMask': null });
    expect(probe.gaps).toEqual({ '0.throttleMask': 'this driver does not have the function' });
  });

  test('scripted values reach the utilisation of a case', async () => {
    const probe = open();
    const loop = startProbeLoop([probe], 20);
    const nowMs = Number(process.hrtime.bigint()) / 1e6;
    loop.align({ measureAtMs: nowMs + 40, measureEndAtMs: nowMs + 140 });
    await new Promise((resolve) => setTimeout(resolve, 160));
    const utilization = utilizationOver(loop.stop(), probe.devices, { fromS: 0, toS: 0.1 });
    expect(utilization.gpu).toEqual([
      {
        index: 0,
        name: 'NVIDIA Stand-in',
        utilizationPct: expect.closeTo(42),
        memoryUsedMiB: expect.closeTo(2048),
        memoryTotalMiB: 8192,
        powerW: expect.closeTo(123.4),
        smClockMHz: expect.closeTo(1410),
        throttleReasons: ['power cap'],
      },
    ]);
  });
});
