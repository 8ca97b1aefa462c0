import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { availableCpus } from '../../../../harness/run/machine/available-cpus.ts';
import { limitBytes, quotaCores } from '../../../../harness/run/machine/cgroup-limits.ts';
import { environmentFacts } from '../../../../harness/run/machine/environment.ts';
import { buildNvmlStandIn, noCompiler } from '../../../support/nvml-stand-in.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('the machine is described, without a GPU by the reason', async () => {
  vi.stubEnv('INFEROMETER_NVML', '/nowhere/libnvidia-ml.so.1');
  const facts = await environmentFacts();
  expect(facts).toMatchObject({
    cpuModel: expect.stringMatching(/\w/),
    cpuCores: expect.any(Number),
    memoryGiB: expect.any(Number),
    nodeVersion: process.versions.node,
    inferometerVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    onnxruntimeVersion: expect.stringMatching(/^\d+\./),
    gpus: [],
    gpuMissing: 'No NVIDIA driver library found (/nowhere/libnvidia-ml.so.1)',
  });
  expect(Object.values(facts)).not.toContain(undefined);
  expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
});

test.skipIf(noCompiler !== undefined)('a GPU is described by what its driver says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'environment-'));
  vi.stubEnv('INFEROMETER_NVML', buildNvmlStandIn(folder).file);
  const facts = await environmentFacts();
  expect(facts).toMatchObject({
    gpus: [{ index: 0, name: 'NVIDIA Stand-in', memoryGiB: 8 }],
    gpuDriver: '570.86.15',
  });
  expect(facts).not.toHaveProperty('gpuMissing');
  rmSync(folder, { recursive: true });
});

test.skipIf(process.platform !== 'linux')(
  'the cores that this process may use are some of the machine',
  () => {
    const available = availableCpus();
    expect(available.length).toBeGreaterThan(0);
    expect(available.length).toBeLessThanOrEqual(cpus().length);
  },
);

test('limits of both versions of control groups are read, and their words for none', () => {
  expect(quotaCores('150000 100000')).toBe(1.5);
  expect(quotaCores('max 100000')).toBeUndefined();
  expect(quotaCores(undefined, '50000', '100000')).toBe(0.5);
  expect(quotaCores(undefined, '-1', '100000')).toBeUndefined();
  expect(quotaCores()).toBeUndefined();
  expect(limitBytes('8589934592')).toBe(8 * 2 ** 30);
  expect(limitBytes('max')).toBeUndefined();
  expect(limitBytes('9223372036854771712')).toBeUndefined();
  expect(limitBytes(undefined)).toBeUndefined();
});
