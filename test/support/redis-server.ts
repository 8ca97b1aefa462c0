import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = ['/usr/bin/redis-server', '/usr/bin/valkey-server'].find((path) => existsSync(path));

/** Why a Redis cannot be had here; undefined when it can. */
export const NO_REDIS = PROGRAM === undefined ? 'without redis-server' : undefined;

/** A real Redis, on a port of its own, which keeps nothing on disk. */
export class RedisServer {
  readonly #port: number;
  readonly #settings: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'inferometer-redis-'));
  #process: ChildProcess | undefined;

  private constructor(port: number, settings: readonly string[]) {
    this.#port = port;
    this.#settings = settings;
  }

  /** `settings`: as its command line has them, `--maxmemory 2mb`. Not started yet. */
  static async create(...settings: readonly string[]): Promise<RedisServer> {
    return new RedisServer(await freePort(), settings);
  }

  get url(): string {
    const isTls = this.#settings.includes('--tls-cert-file');
    return `${isTls ? 'rediss' : 'redis'}://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<this> {
    const port = String(this.#port);
    const door = this.url.startsWith('rediss') ? ['--port', '0', '--tls-port', port] : ['--port', port];
    const place = [...door, '--bind', '127.0.0.1', '--dir', this.#folder];
    const args = [...place, '--save', '', '--appendonly', 'no', ...this.#settings];
    const child = spawn(PROGRAM ?? '', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the Redis ended: ${said}`)));
      child.stdout.on('data', (piece: Buffer) => {
        said += piece;
        if (said.includes('eady to accept connections')) resolve();
      });
    });
    return this;
  }

  /** Connections stay open, and nothing is answered. */
  hang(): void {
    this.#process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.#process?.kill('SIGCONT');
  }

  /** At once, as a machine that loses its power. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
