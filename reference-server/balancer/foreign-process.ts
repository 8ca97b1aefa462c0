import { type ChildProcess, spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer, connect as openSocket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../errors.ts';

/** Somebody else's balancer as a child of this process, in our process group. */
export interface ForeignProcess {
  readonly pid: number;
  /** Resolves with the reason when it ends without having been asked to. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

const START_MS = 10_000;
const STOP_MS = 2000;
const POLL_MS = 10;

export interface ForeignCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** The Debian package that holds it. */
  readonly debianPackage: string;
  /** Where it listens when it is ready. */
  readonly host: string;
  readonly port: number;
}

/** Resolves when it accepts connections; throws StartupError in its own last words when it ends before. */
export async function startForeign(command: ForeignCommand): Promise<ForeignProcess> {
  const { program, args, host, port } = command;
  // Debian keeps servers where the PATH of ordinary users does not look.
  const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin` };
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const words = lastWords(child);
  let stopping = false;
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const failed = ended.then((how) => Promise.reject(startFailure(how, command, words())));
  await Promise.race([untilAccepted(host, port), failed]);
  failed.catch(() => {});
  return {
    pid: child.pid ?? 0,
    died: ended.then((how) => (stopping ? new Promise(() => {}) : `${program} ended (${how}). ${words()}`)),
    async stop() {
      stopping = true;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

function startFailure(how: string, { program, debianPackage }: ForeignCommand, words: string): StartupError {
  if (how === 'ENOENT') {
    const advice = `Install it: apt-get install ${debianPackage}; or use the balancer inferometer.`;
    return new StartupError(`${program} is not installed`, advice, 4);
  }
  return new StartupError(`${program} did not start (${how}). ${words}`, `${program} says why.`, 4);
}

/** What it last printed; all of it goes on to our own stderr. */
function lastWords(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => {
    process.stderr.write(text);
    tail = (tail + text).slice(-2048);
  });
  return () => tail.trim().split('\n').at(-1) ?? '';
}

async function untilAccepted(host: string, port: number): Promise<void> {
  const deadlineMs = performance.now() + START_MS;
  while (!(await accepts(host, port))) {
    if (performance.now() > deadlineMs) {
      throw new StartupError(`nothing listens on ${host}:${port}`, 'The balancer did not start in time.', 4);
    }
    await sleep(POLL_MS);
  }
}

/** Whether somebody accepts connections there. */
export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = openSocket(port, host);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** A port that was free a moment ago: neither program tells which one it took. */
export async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
