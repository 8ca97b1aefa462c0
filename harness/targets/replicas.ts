import { isMissing, type Missing } from '../record/figures.ts';
import type { ChangeSpec } from '../scenario/event-spec.ts';
import { type BalancerSpec, DEFAULT_BALANCER, type ReferenceTargetSpec } from '../scenario/target-spec.ts';
import { type BalancerFacts, type RunningBalancer, startBalancer } from './balancer.ts';
import type { Settings } from './effective-settings.ts';
import { placeReplicas } from './placement.ts';
import { type ReferenceTargetOptions, referenceTarget, refuseDifferences } from './reference.ts';
import { ReplicaSet } from './replica-set.ts';
import { addStatistics } from './statistics.ts';
import type { ChangeOutcome, RunningTarget, ServerStatistics, Target } from './target.ts';

/** A reference target that a balancer stands before. */
export type BalancedSpec = ReferenceTargetSpec & { readonly balancer: BalancerSpec };

export function isBalanced(spec: ReferenceTargetSpec): spec is BalancedSpec {
  return spec.balancer !== undefined;
}

/** The bundled server several times, each a process of its own, behind a balancer that is another one. */
export function replicatedTarget(spec: BalancedSpec, options: ReferenceTargetOptions = {}): Target {
  return {
    async start() {
      const { balancer: asked, replicas = 1, ...single } = spec;
      const cores = placeReplicas(options.cpus ?? [], replicas, spec);
      const set = new ReplicaSet((position) =>
        referenceTarget(single, { ...options, cpus: cores.replicas[position - 1] ?? [] }),
      );
      let balancer: RunningBalancer | undefined;
      const stop = async (): Promise<void> => {
        // First: it keeps connections open that the replicas would wait for.
        await balancer?.stop();
        await set.stop();
      };
      try {
        // One after the other: where a model runs best is measured while it is loaded.
        for (let position = 1; position <= replicas; position++) await set.start(position);
        balancer = await startBalancer(asked, {
          speaks: spec.protocol === 'oip-grpc' ? 'grpc' : 'http',
          replicas: set.addresses(),
          // Where replicas could be bound to cores, it can be.
          ...(set.running().every(({ cpus }) => cpus === undefined) ? {} : { cpus: cores.balancer }),
          ...(options.logFile === undefined ? {} : { logFile: options.logFile }),
        });
        return await describe(spec, set, balancer, stop);
      } catch (cause) {
        await stop();
        throw cause;
      }
    },
  };
}

async function describe(
  spec: BalancedSpec,
  set: ReplicaSet,
  balancer: RunningBalancer,
  stop: () => Promise<void>,
): Promise<RunningTarget> {
  const [first] = set.running();
  if (first === undefined) throw new Error('a balanced target has a replica');
  const requested = {
    replicas: spec.replicas ?? 1,
    'balancer.kind': spec.balancer.kind,
    'balancer.policy': spec.balancer.policy,
  };
  const effective = await balancerSettings(balancer);
  refuseDifferences(requested, effective);
  const { model, otherModels } = first;
  return {
    spec,
    endpoint: { url: balancer.url, headers: {} },
    model,
    ...(otherModels === undefined ? {} : { otherModels }),
    pid: balancer.pid,
    pids: () => [balancer.pid, ...set.running().flatMap(({ pid = [] }) => pid)],
    requested: { ...first.requested, ...requested },
    effective: { ...together(set.running().map((replica) => replica.effective)), ...effective },
    statistics: () => statisticsOf(set, balancer),
    died: Promise.race([balancer.died, set.died]),
    apply: (change) => applyTo(set, balancer, change),
    stop,
  };
}

async function balancerSettings(balancer: RunningBalancer): Promise<Settings> {
  const { kind, policy, replicas } = await balancer.status();
  const { cpus } = balancer;
  return {
    replicas: replicas.length,
    'balancer.kind': kind,
    'balancer.policy': policy,
    ...(cpus === undefined ? {} : { 'balancer.cpus': cpus.join(',') }),
  };
}

/** What the replicas run; where they differ, as in their cores, what each of them does: `0 | 1`. */
function together(all: readonly Settings[]): Settings {
  const names = new Set(all.flatMap(Object.keys));
  return Object.fromEntries(
    [...names].map((name) => {
      const values = all.map((settings) => settings[name]);
      const [first] = values;
      const same = values.every((value) => JSON.stringify(value) === JSON.stringify(first));
      return [name, same ? first : values.join(' | ')];
    }),
  );
}

/** The sum over the replicas, those that were replaced included. */
async function statisticsOf(set: ReplicaSet, balancer: RunningBalancer): Promise<ServerStatistics | Missing> {
  const { gone, lost } = set;
  const running = set.running();
  try {
    const [facts, ...all] = await Promise.all([
      balancer.status(),
      ...running.map((replica) => replica.statistics()),
    ]);
    const missing = all.find(isMissing);
    if (missing !== undefined) return missing;
    const known = all.filter((one): one is ServerStatistics => !isMissing(one));
    return withArrivals([...gone, ...known].reduce(addStatistics), facts, lost);
  } catch (cause) {
    return { missing: `the counters could not be read: ${(cause as Error).message}` };
  }
}

/**
 * Our balancer counts at its door what arrives. The others may count a call twice: one that they refuse because its replica
 * is gone, which the client may make again. There what arrived is what the replicas say, as long as all of them can.
 */
function withArrivals(
  { arrivals: inside, ...sum }: ServerStatistics,
  { kind, arrivals: atDoor }: BalancerFacts,
  replicasLost: number,
): ServerStatistics {
  const arrivals = kind === DEFAULT_BALANCER.kind ? atDoor : replicasLost === 0 ? inside : undefined;
  return { ...sum, ...(arrivals === undefined ? {} : { arrivals }), replicasLost };
}

function applyTo(set: ReplicaSet, balancer: RunningBalancer, change: ChangeSpec): Promise<ChangeOutcome> {
  switch (change.do) {
    case 'replica.kill':
      return set.kill(change.replica, balancer);
    case 'replica.replace':
      return set.replace(change.replica, balancer);
    default:
      return applyToEach(set.running(), change);
  }
}

/** Any other change happens to every replica, one after the other; the first that refuses ends it. */
async function applyToEach(replicas: readonly RunningTarget[], change: ChangeSpec): Promise<ChangeOutcome> {
  let outcome: ChangeOutcome = { failed: 'nothing of this target can be changed' };
  for (const [index, replica] of replicas.entries()) {
    outcome = (await replica.apply?.(change)) ?? outcome;
    if ('failed' in outcome) return { failed: `replica ${index + 1}: ${outcome.failed}` };
  }
  return outcome;
}
