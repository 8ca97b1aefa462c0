import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { startInstance } from '../../../reference-server/execution/instance.ts';
import { chooseProviders } from '../../../reference-server/execution/providers.ts';
import { GraphBuilder } from '../../../reference-server/models/zoo/graph-builder.ts';
import { ensureModel } from '../../../reference-server/models/zoo/model-cache.ts';
import { distance, goldenOutputs, TEST_CACHE, TOLERANCE } from '../../support/goldens.ts';

const run = promisify(execFile);
const GOLDEN_RUN = fileURLToPath(new URL('../../../dist/test/support/golden-run.js', import.meta.url));

/** Debian's chromium brings a software Vulkan driver, and the loader where the system has none. */
const CHROMIUM = '/usr/lib/chromium';
const SWIFTSHADER = join(CHROMIUM, 'vk_swiftshader_icd.json');

const ORT = dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')));
const CUDA = existsSync(
  join(ORT, 'bin/napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so'),
);

describe('chooseProviders', () => {
  it('never goes on from a provider that was asked for by name', () => {
    expect(chooseProviders('cpu', true)).toEqual(['cpu']);
    expect(chooseProviders('webgpu', true)).toEqual(['webgpu']);
    expect(chooseProviders('cuda', false)).toEqual(['cuda']);
  });

  it('auto is CUDA where it is installed and runs, else the CPU', () => {
    expect(chooseProviders('auto', true)).toEqual(['cuda', 'cpu']);
    expect(chooseProviders('auto', false)).toEqual(['cpu']);
  });
});

describe('providers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-providers-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const environment = {
    ...process.env,
    LD_LIBRARY_PATH: CHROMIUM,
    VK_DRIVER_FILES: SWIFTSHADER,
    XDG_RUNTIME_DIR: folder,
  };

  it.skipIf(CUDA)('cuda without its libraries is an error that says what to install', async () => {
    const modelPath = await ensureModel('recommender', TEST_CACHE);
    const started = startInstance({ modelPath, threads: 1, provider: 'cuda', maxRows: 1 });
    await expect(started).rejects.toThrow(/libonnxruntime_providers_cuda\.so is not installed.*NuGet/);
  });

  it.skipIf(CUDA)('auto without CUDA runs on the CPU and says why', async () => {
    const modelPath = await ensureModel('recommender', TEST_CACHE);
    const instance = await startInstance({ modelPath, threads: 1, provider: 'auto', maxRows: 1 });
    expect(instance.providerRan).toBe('cpu');
    expect(instance.providerReason).toContain('no CUDA libraries are installed');
    await instance.close();
  });

  it('webgpu without a Vulkan driver is an error, not a run on the CPU', { timeout: 120_000 }, async () => {
    const modelPath = await ensureModel('recommender', TEST_CACHE);
    const env = { ...environment, VK_DRIVER_FILES: join(folder, 'none.json') };
    await expect(run(process.execPath, [GOLDEN_RUN, modelPath, 'webgpu'], { env })).rejects.toThrow(
      /WebGPU needs a Vulkan loader/,
    );
  });

  const without = existsSync(SWIFTSHADER) ? '' : ` (skipped: ${SWIFTSHADER} is not installed)`;

  // The image classifier would, too, in a minute and more.
  it.skipIf(without !== '').each(['recommender', 'text-sentiment', 'demand-forecast'] as const)(
    `webgpu on SwiftShader gives the golden answers of the %s${without}`,
    { timeout: 240_000 },
    async (model) => {
      const modelPath = await ensureModel(model, TEST_CACHE);
      const options = { env: environment };
      const { stdout } = await run(process.execPath, [GOLDEN_RUN, modelPath, 'webgpu', model], options);
      const ran = JSON.parse(stdout) as { providerRan: string; outputs: number[][] };
      expect(ran.providerRan).toBe('webgpu');
      for (const [index, golden] of goldenOutputs(model).entries()) {
        expect(distance(ran.outputs[index] ?? [], golden)).toBeLessThan(TOLERANCE[model]);
      }
    },
  );

  it.skipIf(without !== '')(
    `webgpu refuses a model of which a node would run on the CPU${without}`,
    { timeout: 120_000 },
    async () => {
      const modelPath = join(folder, 'determinant.onnx');
      const specs = (name: string, shape: readonly number[]) => [{ name, datatype: 'FP32', shape } as const];
      const graph = new GraphBuilder('determinant', 1, specs('x', [-1, 2, 2]), specs('y', [-1]));
      graph.node('Relu', 'positive', ['x']);
      graph.node('Det', 'y', ['positive']);
      writeFileSync(modelPath, Buffer.concat([...graph.file()]));
      const onCpu = await startInstance({ modelPath, threads: 1, provider: 'cpu', maxRows: 1 });
      await onCpu.close();
      const onWebgpu = run(process.execPath, [GOLDEN_RUN, modelPath, 'webgpu'], { env: environment });
      await expect(onWebgpu).rejects.toThrow(/fallback to CPU EP has been explicitly disabled/);
    },
  );
});
