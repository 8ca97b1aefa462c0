import { spawn } from 'node:child_process';

export interface Ran {
  readonly code: number | null;
  /** stdout and stderr together. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Called with all output so far, whenever there is more, and the shell's process id: its group's id as well. */
  readonly onOutput?: (output: string, pid: number) => void;
}

/** Runs a shell command line to its end, in a process group of its own, which can be stopped as a whole. */
export function runCommand(line: string, { cwd, env, onOutput }: CommandOptions): Promise<Ran> {
  const child = spawn('bash', ['-c', line], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onOutput?.(output, child.pid ?? 0);
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
