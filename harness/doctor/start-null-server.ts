import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { packageFile } from '../package-files.ts';
import { canPin } from '../targets/server-process.ts';

export interface NullServer {
  /** http://127.0.0.1:port */
  readonly url: string;
  /** Requests that it has seen so far. */
  requests(): Promise<number>;
  stop(): Promise<void>;
}

const START_MS = 5000;

/** Starts the null server as a process of its own, on the given core where the system can bind it. */
export async function startNullServer(cpu: number | undefined): Promise<NullServer> {
  const file = packageFile('dist', 'harness', 'doctor', 'null-server.js');
  const bound = cpu !== undefined && (await canPin());
  const command = bound ? ['taskset', '-c', String(cpu), process.execPath, file] : [process.execPath, file];
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  child.on('error', () => {});
  try {
    const { port } = (await answerOf(child)) as { port: number };
    return {
      url: `http://127.0.0.1:${port}`,
      async requests() {
        child.send('requests');
        return ((await answerOf(child)) as { requests: number }).requests;
      },
      stop: () => stop(child),
    };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(START_MS)]);
  try {
    const answer = once(child, 'message', { signal }).then(([message]) => message as unknown);
    const gone = once(child, 'exit', { signal }).then(() => {
      throw new Error('the null server ended');
    });
    return await Promise.race([answer, gone]);
  } finally {
    ended.abort();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
