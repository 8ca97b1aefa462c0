import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { packageFile } from '../../harness/package-files.ts';
import type { BatchCounts } from './batch-sizes.ts';
import type { BenchTarget } from './bench-target.ts';

/** The bundled server with one model, in a process of its own on a core of its own. */
export interface ServedTarget extends BenchTarget {
  /** By the server's own counters, since its start. */
  batches(): Promise<BatchCounts>;
  /** Where the model runs, and why there. */
  placement(): Promise<Placed>;
}

export interface Placed {
  readonly placement: 'worker' | 'inline';
  readonly placementReason: string;
}

export interface ServedSettings {
  readonly model: string;
  /** A bundled model's name, or the path of an .onnx file. */
  readonly source: string;
  /** Anything of the server's configuration beside the models. */
  readonly config: Readonly<Record<string, unknown>>;
}

interface StatsDocument {
  readonly model_stats: readonly {
    readonly batch_stats: readonly {
      readonly batch_size: number;
      readonly compute_infer: { readonly count: number };
    }[];
    readonly inference_stats: { readonly success: { readonly count: number } };
  }[];
}

/** Rejects with the server's own words where it does not start. */
export async function startServed(
  cpu: number,
  { model, source, config }: ServedSettings,
  env: NodeJS.ProcessEnv,
): Promise<ServedTarget> {
  const settings = JSON.stringify({ port: 0, models: [{ name: model, source }], ...config });
  const program = packageFile('dist', 'reference-server', 'main.js');
  const command = ['-c', String(cpu), process.execPath, program, '--config-json', settings];
  const child = spawn('taskset', [...command, '--exit-with-parent'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env,
  });
  const gone = once(child, 'close');
  let words = '';
  child.stderr.on('data', (text: Buffer) => {
    words = `${words}${text.toString()}`.slice(-2000);
  });
  const ended = gone.then(() => {
    throw new Error(`the server ended: ${words}`);
  });
  ended.catch(() => {});
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
  const { listening: url } = JSON.parse(line.toString()) as { listening: string };
  const read = async (action: string): Promise<unknown> =>
    (await fetch(`${url}/v2/models/${model}/${action}`)).json();
  const statistics = async () => {
    const [stats] = ((await read('stats')) as StatsDocument).model_stats;
    if (stats === undefined) throw new Error(`the server has no statistics of ${model}`);
    return stats;
  };
  return {
    url,
    pid: child.pid ?? 0,
    inSteps: true,
    count: async () => (await statistics()).inference_stats.success.count,
    async batches() {
      const { batch_stats: sizes } = await statistics();
      return new Map(sizes.map(({ batch_size: rows, compute_infer: { count } }) => [rows, count]));
    },
    async placement() {
      const { inferometer } = (await read('config')) as { inferometer: Placed };
      return inferometer;
    },
    async stop() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
