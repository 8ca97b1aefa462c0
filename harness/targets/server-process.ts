import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { promisify } from 'node:util';
import { TargetError } from '../errors.ts';

/** A server that we started, in a process group of its own, so that a Ctrl-C in the terminal does not reach it. */
export interface ServerProcess {
  readonly pid: number;
  /** The JSON line by which it said that it listens. */
  readonly announcement: Readonly<Record<string, unknown>>;
  /** Resolves with the reason when it ends without having been asked to. */
  readonly died: Promise<string>;
  /** SIGTERM, time to drain, SIGKILL. Resolves when no process of the group is left; may be called again. */
  stop(): Promise<void>;
}

export interface ServerCommand {
  /** Arguments of `node`. */
  readonly args: readonly string[];
  readonly cpus?: readonly number[];
  /** Everything that the server prints but its announcement. */
  readonly logFile?: string;
  readonly startWithinMs: number;
  readonly drainWithinMs: number;
}

export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const child = spawnServer(command);
  const log = command.logFile === undefined ? undefined : createWriteStream(command.logFile, { flags: 'a' });
  const ended = endOf(child);
  const words = keepLastWords(child, log);
  const killAtExit = () => killGroup(child);
  process.once('exit', killAtExit);
  void ended.then(() => {
    process.off('exit', killAtExit);
    log?.end();
  });

  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= end(child, ended, command.drainWithinMs));
  try {
    const announcement = await announced(child, ended, words, log, command.startWithinMs);
    const died = ended.then((how) =>
      stopping === undefined ? `the server ended by itself (${how})${words.sentence()}` : never(),
    );
    return { pid: child.pid ?? 0, announcement, died, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Whether `taskset` can bind a process to cores here. */
export async function canPin(): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  return promisify(execFile)('taskset', ['--version']).then(
    () => true,
    () => false,
  );
}

/** Its stdin stays open as long as we live: its end tells the server that we are gone, however we went. */
function spawnServer({ args, cpus }: ServerCommand): ChildProcess {
  const options = { detached: true, stdio: ['pipe', 'pipe', 'pipe'] as ['pipe', 'pipe', 'pipe'] };
  return cpus === undefined
    ? spawn(process.execPath, args, options)
    : spawn('taskset', ['-c', cpus.join(','), process.execPath, ...args], options);
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // What the server itself started goes with it, and lets go of the pipes.
    child.once('exit', () => killGroup(child));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

interface LastWords {
  /** `{"fatal", "advice"}` where the server said it, else its last lines. */
  error(how: string): TargetError;
  sentence(): string;
}

/** Follows stderr: into the log, and its end into memory for the message of a death. */
function keepLastWords(child: ChildProcess, log: WriteStream | undefined): LastWords {
  let tail = '';
  child.stdin?.on('error', () => {});
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (chunk: string) => {
    log?.write(chunk);
    tail = (tail + chunk).slice(-4096);
  });
  const fatal = () =>
    tail
      .split('\n')
      .map(jsonObject)
      .findLast((line) => line?.fatal !== undefined);
  const lastLine = () => tail.trim().split('\n').at(-1) ?? '';
  return {
    error(how) {
      const said = fatal();
      if (said === undefined) {
        return new TargetError(`The reference server did not start (${how}). ${lastLine()}`.trim());
      }
      return new TargetError(String(said.fatal), said.advice === undefined ? undefined : String(said.advice));
    },
    sentence() {
      const said = fatal()?.fatal ?? lastLine();
      return said === '' ? '' : `: ${said}`;
    },
  };
}

/** The first line of stdout, as JSON with `listening`; whatever follows goes to the log. */
async function announced(
  child: ChildProcess,
  ended: Promise<string>,
  words: LastWords,
  log: WriteStream | undefined,
  withinMs: number,
): Promise<Record<string, unknown>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(words.error(`it did not listen within ${withinMs / 1000} s`)), withinMs);
  });
  const dead = ended.then((how) => Promise.reject(words.error(how)));
  try {
    return await Promise.race([firstAnnouncement(child, log), late, dead]);
  } finally {
    clearTimeout(timer);
  }
}

function firstAnnouncement(
  child: ChildProcess,
  log: WriteStream | undefined,
): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    let pending = '';
    let found = false;
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (chunk: string) => {
      if (found) return log?.write(chunk);
      const lines = (pending + chunk).split('\n');
      pending = lines.pop() ?? '';
      for (const line of lines) {
        const said = jsonObject(line);
        if (found || said?.listening === undefined) {
          log?.write(`${line}\n`);
        } else {
          found = true;
          resolve(said);
        }
      }
    });
  });
}

async function end(child: ChildProcess, ended: Promise<string>, drainWithinMs: number): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => killGroup(child), drainWithinMs);
  await ended;
  clearTimeout(timer);
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // No process of the group is left: what we want.
  }
}

function jsonObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}
