import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServingError } from '../errors.ts';
import type { Balancer, BalancerConfig, ReplicaAddress } from './balancer.ts';
import { freePort, startForeign } from './foreign-process.ts';
import { nginxConfig } from './nginx-text.ts';

const POLL_MS = 10;
const RELOAD_MS = 10_000;

/**
 * nginx. Its replicas come and go with a reload: new worker processes take over and the old ones finish what they have,
 * but close their idle connections, so a client that is just sending on one may lose that request.
 */
export async function startNginx(config: BalancerConfig): Promise<Balancer> {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-nginx-'));
  const port = await freePort(config.host);
  const replicas: ReplicaAddress[] = [...config.replicas];
  const file = join(folder, 'nginx.conf');
  const asRoot = process.getuid?.() === 0;
  const write = (): void => writeFileSync(file, nginxConfig(config, replicas, { port, folder, asRoot }));
  write();
  const nginx = await startForeign({
    program: 'nginx',
    args: ['-p', folder, '-c', file],
    debianPackage: 'nginx-light',
    host: config.host,
    port,
  });
  const countArrivals = arrivalCounter(join(folder, 'status.sock'));
  const reload = (withinMs: number): Promise<boolean> => {
    write();
    return reloaded(nginx.pid, withinMs);
  };
  return {
    url: `${config.speaks}://${config.host}:${port}`,
    died: nginx.died,
    async add(replica) {
      // Those of its first configuration are in already.
      if (replicas.some(({ name }) => name === replica.name)) return;
      replicas.push(replica);
      await reload(RELOAD_MS);
    },
    async remove(name, withinMs) {
      const index = replicas.findIndex((replica) => replica.name === name);
      if (index < 0) throw new ServingError('not-found', `there is no replica '${name}'`);
      replicas.splice(index, 1);
      return reload(withinMs);
    },
    async status() {
      const { kind, policy } = config;
      return { kind, policy, arrivals: await countArrivals(), replicas: [...replicas] };
    },
    async stop() {
      await nginx.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Asks nginx to read its configuration again; resolves with whether the old workers have ended in time. */
async function reloaded(masterPid: number, withinMs: number): Promise<boolean> {
  const old = workersOf(masterPid);
  process.kill(masterPid, 'SIGHUP');
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const now = workersOf(masterPid);
    if (now.length > 0 && !now.some((pid) => old.includes(pid))) return true;
    if (performance.now() > deadlineMs) return false;
    await sleep(POLL_MS);
  }
}

function workersOf(masterPid: number): string[] {
  return readFileSync(`/proc/${masterPid}/task/${masterPid}/children`, 'latin1').trim().split(' ');
}

/** stub_status counts every request, our own questions too: they are taken off. */
function arrivalCounter(socketPath: string): () => Promise<number> {
  let asked = 0;
  return async () => {
    const text = await textOf(socketPath);
    asked += 1;
    const [, , requests = '0'] = /^\s*(\d+) (\d+) (\d+)\s*$/m.exec(text)?.slice(1) ?? [];
    return Number(requests) - asked;
  };
}

function textOf(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path: '/', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}
