import { setTimeout as sleep } from 'node:timers/promises';
import { ServingError } from '../errors.ts';
import type { Balancer, BalancerConfig } from './balancer.ts';
import { accepts } from './foreign-process.ts';
import { grpcDoor } from './grpc-door.ts';
import { httpDoor } from './http-door.ts';
import { type Replica, ReplicaTable } from './replica-table.ts';

/** Between two attempts to reach a replica that is down. */
const RETRY_MS = 50;
const DRAIN_MS = 5000;

/** Our own balancer, in this process: it chooses a replica for each request. */
export async function startOwnBalancer(config: BalancerConfig): Promise<Balancer> {
  const { kind, policy, speaks, host } = config;
  const table = new ReplicaTable(policy, (replica) => void untilReachable(replica));
  const door = speaks === 'grpc' ? grpcDoor(table) : httpDoor(table);
  const url = await door.listen(host, 0);
  return {
    url,
    died: new Promise(() => {}),
    async add(replica) {
      table.add(replica);
    },
    remove: (name, withinMs) => removeFrom(table, name, withinMs),
    async status() {
      const { arrivals, outcomes } = table;
      return { kind, policy, arrivals, outcomes, replicas: table.status() };
    },
    async stop() {
      await door.drain(DRAIN_MS);
      table.close();
    },
  };
}

async function untilReachable(replica: Replica): Promise<void> {
  while (!replica.leaving) {
    await sleep(RETRY_MS, undefined, { ref: false });
    if (!(await accepts(replica.host, replica.port))) continue;
    replica.up = !replica.leaving;
    return;
  }
}

async function removeFrom(table: ReplicaTable, name: string, withinMs: number): Promise<boolean> {
  const replica = table.find(name);
  if (replica === undefined) throw new ServingError('not-found', `there is no replica '${name}'`);
  replica.leaving = true;
  replica.up = false;
  const idle = await isIdle(replica, withinMs);
  table.forget(replica);
  return idle;
}

function isIdle(replica: Replica, withinMs: number): Promise<boolean> {
  if (replica.inFlight === 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), withinMs);
    replica.onIdle = () => {
      clearTimeout(timer);
      resolve(true);
    };
  });
}
