import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { TargetError } from '../errors.ts';

/** A Redis that lives as long as a target of ours: in memory only, reachable from this machine only. */
export interface RedisProcess {
  /** redis://127.0.0.1:port */
  readonly url: string;
  readonly pid: number;
  /** Ends it at once, as a machine that goes away would; may be called again. Resolves when it is gone. */
  stop(): Promise<void>;
}

export interface RedisOptions {
  /** Beyond it the answers not asked for the longest go first. */
  readonly maxBytes: number;
  readonly cpus?: readonly number[];
  /** Other programs only in tests. */
  readonly programs?: readonly string[];
}

/** Programs that speak its protocol, in the order in which they are looked for. */
export const REDIS_PROGRAMS = ['redis-server', 'valkey-server'] as const;

const START_WITHIN_MS = 5_000;
/** A port may be taken between the moment in which it was free and ours. */
const ATTEMPTS = 3;

/** Throws TargetError where there is no redis-server, or it does not come up; leaves no process behind. */
export async function startRedis({
  programs = REDIS_PROGRAMS,
  ...options
}: RedisOptions): Promise<RedisProcess> {
  const program = programs.find(isOnPath);
  if (program === undefined) throw notInstalled();
  let last: TargetError | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const started = await attemptOn(program, await freePort(), options);
    if (!(started instanceof TargetError)) return started;
    last = started;
  }
  throw last;
}

async function attemptOn(
  program: string,
  port: number,
  options: RedisOptions,
): Promise<RedisProcess | TargetError> {
  const child = spawnRedis(program, port, options);
  let words = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2048);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    // The one that waits for our end holds the output open.
    child.once('exit', () => kill(child));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const killAtExit = () => kill(child);
  process.once('exit', killAtExit);
  void ended.then(() => process.off('exit', killAtExit));
  const stop = async (): Promise<void> => {
    kill(child);
    await ended;
  };
  const how = await Promise.race([answering(port), ended]);
  if (how === true) return { url: `redis://127.0.0.1:${port}`, pid: child.pid ?? 0, stop };
  await stop();
  return refusal(how === false ? `it did not answer within ${START_WITHIN_MS / 1000} s` : how, words);
}

function refusal(how: string, words: string): TargetError {
  const lastLine = words.trim().split('\n').at(-1) ?? '';
  return new TargetError(`The Redis for the cache did not start (${how}). ${lastLine}`.trim());
}

function notInstalled(): TargetError {
  return new TargetError(
    'There is no redis-server on this machine, and the scenario asks for a cache in a Redis of its own.',
    'Install it (apt-get install redis-server), or name one that runs: target.reference.cache.url.',
  );
}

/** Debian keeps servers where the PATH of ordinary users does not look. */
function isOnPath(program: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin'];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/**
 * In a process group of its own, behind a shell that ends it when our end of its input closes: then we are gone, however
 * we went.
 */
function spawnRedis(program: string, port: number, { maxBytes, cpus }: RedisOptions): ChildProcess {
  const settings = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const memory = ['--maxmemory', maxBytes, '--maxmemory-policy', 'allkeys-lru'];
  const pinned = cpus === undefined ? [] : ['taskset', '-c', cpus.join(',')];
  const line = [...pinned, program, ...settings, ...memory].map(String);
  const watched = 'exec 3<&0; "$@" 3<&- & child=$!; { read _ <&3; kill -9 $child; } & wait $child';
  return spawn('sh', ['-c', watched, 'sh', ...line], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of the group is left: what we want.
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** True as soon as it answers a PING, false when its time is over. */
async function answering(port: number): Promise<boolean> {
  const giveUpAtMs = performance.now() + START_WITHIN_MS;
  while (performance.now() < giveUpAtMs) {
    if (await pong(port)) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

function pong(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.setTimeout(500, () => end(false));
    socket.once('error', () => end(false));
    socket.once('data', (chunk) => end(chunk.toString().startsWith('+PONG')));
    socket.write('PING\r\n');
  });
}
