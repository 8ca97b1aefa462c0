import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageFile } from '../../harness/package-files.ts';

/** What a program that only sleeps saw on a core. Shares are of its time, 0 to 1. */
export interface Slept {
  /** An arrival in this share of the time would have been more than 2 ms late, whoever generated it. */
  readonly over2MsShare: number;
  readonly over250UsShare: number;
  readonly worstMs: number;
}

/** Compiles the sleeper into `folder`; needs gcc. Its file. */
export function buildSleeper(folder: string): string {
  const file = join(folder, 'sleeper');
  execFileSync('gcc', ['-O1', '-o', file, packageFile('test', 'support', 'sleeper.c')]);
  return file;
}

/** Runs `work` with the sleeper on `core`. It gets the core when it wakes, so a busy generator does not disturb it. */
export async function besideSleeper<T>(
  file: string,
  core: number,
  work: () => Promise<T>,
): Promise<{ result: T; slept: Slept }> {
  const child = spawn(file, [String(core)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = once(child, 'close');
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece) => {
    text += piece;
  });
  try {
    const result = await work();
    child.kill('SIGTERM');
    await gone;
    const [over2MsShare = Number.NaN, over250UsShare = Number.NaN, worstMs = Number.NaN] = text
      .split(' ')
      .map(Number);
    return { result, slept: { over2MsShare, over250UsShare, worstMs } };
  } finally {
    child.kill('SIGKILL');
  }
}
