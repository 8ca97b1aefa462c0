import { TargetError } from '../errors.ts';
import { packageFile } from '../package-files.ts';
import type { BalancerSpec } from '../scenario/target-spec.ts';
import { httpJson, wordsOf } from './http-json.ts';
import { startServerProcess } from './server-process.ts';

/** A balancer that we started, and its control door. */
export interface RunningBalancer {
  /** Where clients connect. */
  readonly url: string;
  readonly pid: number;
  readonly cpus?: readonly number[];
  readonly died: Promise<string>;
  /** What it runs, and the requests that reached its front door since it started. */
  status(): Promise<BalancerFacts>;
  /** Takes a replica in; resolves when it gets requests. */
  add(replica: Replica): Promise<void>;
  /** Resolves with whether the replica had answered all that it got, `withinMs` at the latest. */
  remove(name: string, withinMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

export interface Replica {
  readonly name: string;
  readonly url: string;
}

export interface BalancerFacts extends BalancerSpec {
  readonly arrivals: number;
  readonly replicas: readonly Replica[];
}

export interface BalancerOptions {
  readonly speaks: 'http' | 'grpc';
  readonly replicas: readonly Replica[];
  readonly cpus?: readonly number[];
  readonly logFile?: string;
}

const START_MS = 20_000;
const DRAIN_MS = 5000;
/** Control answers within milliseconds, but for taking a replica in or out. */
const CONTROL_MS = 15_000;

/** Starts the bundled balancer, or the one of Debian that is named; throws TargetError in its own words. */
export async function startBalancer(
  { kind, policy }: BalancerSpec,
  { speaks, replicas, cpus, logFile }: BalancerOptions,
): Promise<RunningBalancer> {
  // One that is being replaced is there beside its successor.
  const config = { kind, policy, speaks, replicas, atMost: replicas.length + 1 };
  const process = await startServerProcess({
    args: [
      packageFile('dist', 'reference-server', 'balancer', 'main.js'),
      '--config-json',
      JSON.stringify(config),
      '--exit-with-parent',
    ],
    ...(cpus === undefined ? {} : { cpus }),
    ...(logFile === undefined ? {} : { logFile }),
    startWithinMs: START_MS,
    drainWithinMs: DRAIN_MS,
  });
  const ask = controlOf(String(process.announcement.control));
  return {
    url: String(process.announcement.listening),
    pid: process.pid,
    ...(cpus === undefined ? {} : { cpus }),
    died: process.died.then((reason) => `the balancer: ${reason}`),
    status: async () => (await ask('GET', '/status')) as BalancerFacts,
    add: async (replica) => {
      await ask('POST', '/add', replica);
    },
    remove: async (name, withinMs) => {
      const answer = await ask('POST', '/remove', { name, withinMs }, withinMs + CONTROL_MS);
      return (answer as { idle: boolean }).idle;
    },
    stop: () => process.stop(),
  };
}

/** Questions that must be answered: what the balancer refuses is a fault of ours. */
function controlOf(url: string) {
  return async (
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    timeoutMs = CONTROL_MS,
  ): Promise<unknown> => {
    const answer = await httpJson(url, { timeoutMs }).ask(method, path, body);
    if (!answer.ok) throw new TargetError(`The balancer refused ${path}: ${wordsOf(answer)}.`);
    return answer.json;
  };
}
