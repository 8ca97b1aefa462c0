import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServingError } from '../errors.ts';
import {
  type Balancer,
  type BalancerConfig,
  hostAndPort,
  type ReplicaAddress,
  type ReplicaStatus,
} from './balancer.ts';
import { freePort, startForeign } from './foreign-process.ts';
import { haproxyConfig, type Row, readStat, slotName } from './haproxy-text.ts';

const POLL_MS = 10;
const UP_MS = 5000;

/** Which replica each of HAProxy's slots for servers holds. */
type Slots = (ReplicaAddress | undefined)[];

/**
 * HAProxy, whose replicas come and go over its runtime API. Where a replica dies under requests, their clients get 502, or
 * find their connections closed: HAProxy leaves it to them to ask again.
 */
export async function startHaproxy(config: BalancerConfig): Promise<Balancer> {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-haproxy-'));
  const socket = join(folder, 'admin.sock');
  const port = await freePort(config.host);
  writeFileSync(join(folder, 'haproxy.cfg'), haproxyConfig(config, port, socket));
  const haproxy = await startForeign({
    program: 'haproxy',
    args: ['-q', '-db', '-f', join(folder, 'haproxy.cfg')],
    debianPackage: 'haproxy',
    host: config.host,
    port,
  });
  const runtime = new Runtime(socket, config.atMost);
  await runtime.opened();
  return {
    url: `${config.speaks}://${config.host}:${port}`,
    died: haproxy.died,
    add: (replica) => runtime.add(replica),
    remove: (name, withinMs) => runtime.remove(name, withinMs),
    async status() {
      const { kind, policy } = config;
      return { kind, policy, ...(await runtime.status()) };
    },
    async stop() {
      await haproxy.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Questions and orders over the admin socket, and which slot holds whom. */
class Runtime {
  readonly #socket: string;
  readonly #slots: Slots;

  constructor(socket: string, slots: number) {
    this.#socket = socket;
    this.#slots = Array.from({ length: slots }, () => undefined);
  }

  /** HAProxy gives its socket the right name a moment after it has begun to listen. */
  async opened(): Promise<void> {
    const deadlineMs = performance.now() + UP_MS;
    const answers = () => this.#stat().then(Boolean, () => false);
    while (!(await answers()) && performance.now() < deadlineMs) await sleep(POLL_MS);
  }

  async add(replica: ReplicaAddress): Promise<void> {
    const slot = this.#slots.indexOf(undefined);
    if (slot < 0) throw new ServingError('unavailable', 'all slots for replicas are taken');
    this.#slots[slot] = replica;
    const { host, port } = hostAndPort(replica);
    await this.#order(slot, `addr ${host} port ${port}`);
    await this.#order(slot, 'state ready');
    await this.#until(slot, ({ status }) => status.startsWith('UP'), UP_MS);
  }

  async remove(name: string, withinMs: number): Promise<boolean> {
    const slot = this.#slots.findIndex((replica) => replica?.name === name);
    if (slot < 0) throw new ServingError('not-found', `there is no replica '${name}'`);
    await this.#order(slot, 'state drain');
    const idle = await this.#until(slot, ({ inFlight }) => inFlight === 0, withinMs);
    await this.#order(slot, 'state maint');
    this.#slots[slot] = undefined;
    return idle;
  }

  async status(): Promise<{ arrivals: number; replicas: ReplicaStatus[] }> {
    const { arrivals, servers } = await this.#stat();
    const replicas = this.#slots.flatMap((replica, slot): ReplicaStatus[] => {
      const row = servers.get(slotName(slot));
      if (replica === undefined || row === undefined) return [];
      const state = row.status.startsWith('DRAIN') ? 'leaving' : row.status.startsWith('UP') ? 'up' : 'down';
      return [{ ...replica, state, inFlight: row.inFlight }];
    });
    return { arrivals, replicas };
  }

  async #until(slot: number, holds: (row: Row) => boolean, withinMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + withinMs;
    for (;;) {
      const row = (await this.#stat()).servers.get(slotName(slot));
      if (row !== undefined && holds(row)) return true;
      if (performance.now() > deadlineMs) return false;
      await sleep(POLL_MS);
    }
  }

  async #stat() {
    return readStat(await ask(this.#socket, 'show stat'));
  }

  #order(slot: number, what: string): Promise<string> {
    return ask(this.#socket, `set server replicas/${slotName(slot)} ${what}`);
  }
}

/** One command, one answer, one connection. */
function ask(socketPath: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('error', reject);
    socket.once('end', () => resolve(text));
    socket.write(`${command}\n`);
  });
}
