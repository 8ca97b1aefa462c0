import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { packageFile } from '../../harness/package-files.ts';
import type { FixedDatatype } from '../../reference-server/execution/tensors.ts';

/** What raw-session.ts is started with. */
export interface RawTask {
  readonly modelPath: string;
  readonly provider: string;
  readonly threads: number;
  /** Shapes without the rows. */
  readonly inputs: readonly {
    readonly name: string;
    readonly datatype: FixedDatatype;
    readonly shape: readonly number[];
  }[];
  /** Distributions by input, as in the load of the other side. */
  readonly values: Readonly<Record<string, string>>;
}

export interface RawAsk {
  /** Rows of the batches that are run in turn; at least one. */
  readonly sizes: readonly number[];
  /** At least so long, and at least each size once. */
  readonly ms: number;
}

export interface RawSays {
  readonly runs: number;
  readonly rowsPerS: number;
  /** CPU microseconds of a row. */
  readonly cpuUs: number;
}

/** Bare `session.run` in a process of its own, on a core of its own, idle but while it is asked. */
export interface RawRunner {
  measure(ask: RawAsk): Promise<RawSays>;
  stop(): Promise<void>;
}

/** Rejects with the process's end where the model does not open. */
export async function startRaw(cpu: number, task: RawTask, env: NodeJS.ProcessEnv): Promise<RawRunner> {
  const program = packageFile('dist', 'test', 'bench', 'raw-session.js');
  const command = ['-c', String(cpu), process.execPath, program, JSON.stringify(task)];
  const child = spawn('taskset', command, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const gone = once(child, 'exit');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`the bare session of ${task.modelPath} ended`);
    return value as string;
  };
  await next();
  return {
    async measure(ask) {
      child.stdin.write(`${JSON.stringify(ask)}\n`);
      return JSON.parse(await next()) as RawSays;
    },
    async stop() {
      child.stdin.end();
      await gone;
    },
  };
}
