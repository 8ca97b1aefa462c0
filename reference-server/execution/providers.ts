import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';

/** Where a model is asked to run. `auto`: see `chooseProviders`. */
export type ProviderChoice = 'auto' | Provider;

/** Where a model's nodes really run. */
export type Provider = 'cpu' | 'webgpu' | 'cuda' | 'tensorrt';

export interface OpenedSession {
  readonly session: InferenceSession;
  readonly providerRan: Provider;
  readonly providerReason: string;
}

/**
 * The providers to try, in order; the first that runs the whole model is used.
 *
 * A provider that is asked for by name is the only one: if it cannot run, that is an error. `auto` is CUDA where its
 * libraries are installed and it then proves to run the model, else the CPU. It never picks WebGPU, because ONNX Runtime
 * does not tell whether that is a GPU or a software driver.
 */
export function chooseProviders(choice: ProviderChoice, cudaIsInstalled: boolean): readonly Provider[] {
  if (choice !== 'auto') return [choice];
  return cudaIsInstalled ? ['cuda', 'cpu'] : ['cpu'];
}

/** Loads a model where `choice` says. Throws an Error with one sentence on why, and what to install. */
export async function openSession(
  modelPath: string,
  choice: ProviderChoice,
  threads: number,
): Promise<OpenedSession> {
  const refusals: string[] = [];
  for (const provider of chooseProviders(choice, missingLibrary('cuda') === undefined)) {
    try {
      const missing = missingLibrary(provider);
      if (missing !== undefined) throw new Error(`${missing} is not installed`);
      const session = await InferenceSession.create(modelPath, sessionOptions(provider, threads));
      return { session, providerRan: provider, providerReason: reasonFor(choice, provider, refusals) };
    } catch (error) {
      refusals.push(`${provider}: ${(error as Error).message.trim()}. ${ADVICE[provider]}`.trim());
    }
  }
  throw new Error(refusals.join('; '));
}

/**
 * `disable_cpu_ep_fallback` makes ONNX Runtime refuse a model of which it would put any node on the CPU, so a session
 * that opens runs wholly on its provider.
 */
function sessionOptions(provider: Provider, threads: number): InferenceSession.SessionOptions {
  const strict = provider === 'cpu' ? {} : { extra: { session: { disable_cpu_ep_fallback: '1' } } };
  return { executionProviders: [provider], intraOpNumThreads: threads, interOpNumThreads: 1, ...strict };
}

function reasonFor(choice: ProviderChoice, provider: Provider, refusals: readonly string[]): string {
  if (choice !== 'auto') return `${provider} was asked for`;
  if (provider === 'cuda') return 'auto: the CUDA libraries are installed and run the whole model';
  return `auto: ${refusals[0] ?? 'no CUDA libraries are installed (webgpu is used only when asked for)'}`;
}

const GPU_PACKAGE =
  'NuGet package Microsoft.ML.OnnxRuntime.Gpu.Linux (runtimes/linux-x64/native, the version of onnxruntime-node)';

const ADVICE: Readonly<Record<Provider, string>> = {
  cpu: '',
  webgpu:
    'WebGPU needs a Vulkan loader (libvulkan.so.1) and driver, and a model whose every node it can run; ' +
    'choose cpu or auto otherwise.',
  cuda:
    'CUDA needs an NVIDIA driver, CUDA 12 and cuDNN 9, the libonnxruntime_providers_{shared,cuda}.so of the ' +
    `${GPU_PACKAGE} in that folder, and a model whose every node it can run; choose cpu or auto otherwise.`,
  tensorrt:
    'TensorRT needs what CUDA does, TensorRT 10, the libonnxruntime_providers_{shared,cuda,tensorrt}.so of the ' +
    `${GPU_PACKAGE} in that folder, and a model whose every node it can run; choose cuda, cpu or auto otherwise.`,
};

/** The file of a provider that comes apart from the package, where it is not there. */
function missingLibrary(provider: Provider): string | undefined {
  if (provider !== 'cuda' && provider !== 'tensorrt') return undefined;
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const folder = join(dirname(dirname(entry)), 'bin', 'napi-v6', process.platform, process.arch);
  const library = join(folder, `libonnxruntime_providers_${provider}.so`);
  return existsSync(library) ? undefined : library;
}
