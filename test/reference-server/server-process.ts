import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TEST_CACHE } from '../support/goldens.ts';

const MAIN = fileURLToPath(new URL('../../dist/reference-server/main.js', import.meta.url));
const RECOMMENDER = [{ name: 'recommender', source: 'recommender' }];

/** A reference server as a process of its own, built by `tsc` beforehand. */
export interface ServerProcess {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
}

const started = new Set<ChildProcess>();

export function spawnServer(args: readonly string[]): ServerProcess {
  const env = { ...process.env, INFEROMETER_CACHE: TEST_CACHE };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: 'pipe' });
  started.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const exited = once(child, 'close').then(([code]) => {
    started.delete(child);
    return code as number | null;
  });
  return { child, stdout: () => stdout, stderr: () => stderr, exited };
}

export function withConfig(settings: object): string[] {
  return ['--config-json', JSON.stringify({ port: 0, models: RECOMMENDER, ...settings })];
}

/** Started and listening; fails with the server's own words when it ends before. */
export async function startServer(settings: object, ...flags: string[]) {
  const server = spawnServer([...withConfig(settings), ...flags]);
  const line = once(server.child.stdout ?? server.child, 'data');
  const ended = server.exited.then((code) => {
    throw new Error(`the server ended with ${code}: ${server.stderr()}`);
  });
  await Promise.race([line, ended]);
  ended.catch(() => {});
  const announced = JSON.parse(server.stdout());
  return { ...server, announced, url: announced.listening as string };
}

/** Ends what a failed test left behind. */
export async function endServers(): Promise<void> {
  const left = [...started];
  for (const child of left) child.kill('SIGKILL');
  await Promise.all(left.map((child) => child.exitCode ?? once(child, 'close')));
}
