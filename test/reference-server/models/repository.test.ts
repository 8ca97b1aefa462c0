import { beforeEach, describe, expect, test } from 'vitest';
import { ServingError } from '../../../reference-server/errors.ts';
import type { ModelCatalogue, ModelPlan, VersionPlan } from '../../../reference-server/models/model-plan.ts';
import { ModelRepository } from '../../../reference-server/models/repository.ts';
import { watchCatalogue } from '../../../reference-server/models/repository-watch.ts';
import type { ServedModel } from '../../../reference-server/models/served-model.ts';
import { settle, VirtualClock } from '../virtual-clock.ts';

const SETTINGS = {
  instances: 1,
  threads: 1,
  provider: 'cpu',
  batching: { maxRows: 1, maxDelayMs: 0, maxQueueRows: 1, inFlight: 1 },
} as unknown as VersionPlan['settings'];

function version(name: string, number: string, fingerprint = 'first', problem?: string): VersionPlan {
  const plan = { name, version: number, source: 'x', settings: SETTINGS, sharesBatches: true, warmUp: [] };
  return { ...plan, classLabels: {}, fingerprint, ...(problem === undefined ? {} : { problem }) };
}

/** Models by name, which a test changes as a person changes a folder. */
let plans: Map<string, Partial<ModelPlan>>;
let started: string[];
let closed: string[];
let broken: Set<string>;
let clock: VirtualClock;

const catalogue: ModelCatalogue = {
  names: async () => [...plans.keys()],
  plan: async (name) => {
    const plan = plans.get(name);
    return plan && { name, versions: [], versionPolicy: 'all', labels: {}, notHonoured: [], ...plan };
  },
};

function repositoryIn(mode: 'none' | 'explicit' | 'poll' = 'explicit'): ModelRepository {
  return new ModelRepository({
    catalogue,
    start: async (plan, statistics) => {
      const id = `${plan.name}/${plan.version}/${plan.fingerprint}`;
      if (broken.has(id)) throw new Error('it is broken');
      started.push(id);
      const close = async () => void closed.push(id);
      return { version: plan.version, statistics, ready: () => true, close } as unknown as ServedModel;
    },
    clock,
    log: () => {},
    drainMs: 1000,
    mode,
  });
}

beforeEach(() => {
  plans = new Map();
  started = [];
  closed = [];
  broken = new Set();
  clock = new VirtualClock();
});

const kindOf = async (act: () => unknown) => {
  try {
    await act();
  } catch (error) {
    if (error instanceof ServingError) return error.kind;
    throw error;
  }
  return undefined;
};

describe('leases', () => {
  test('a number, a label, the default, the newest', async () => {
    const versions = ['2', '9', '10'].map((number) => version('a', number));
    plans.set('a', { versions, labels: { stable: '9' } });
    const repository = repositoryIn();
    await repository.open(['a']);
    const asked = [undefined, '', '2', 'stable'].map((one) => repository.lease('a', one).model.version);
    expect(asked).toEqual(['10', '10', '2', '9']);
    plans.set('a', { versions, labels: { stable: '9' }, defaultVersion: 'stable' });
    await repository.load('a');
    expect(repository.lease('a').model.version).toBe('9');
    expect(started).toHaveLength(3);
    expect(repository.versionsOf('a').map((model) => model.version)).toEqual(['2', '9', '10']);
    expect(await kindOf(() => repository.lease('a', '3'))).toBe('not-found');
    expect(await kindOf(() => repository.lease('a', 'canary'))).toBe('not-found');
    expect(await kindOf(() => repository.lease('b'))).toBe('not-found');
  });

  test('an unload waits for them, and gives no new ones', async () => {
    plans.set('a', { versions: [version('a', '1')] });
    const repository = repositoryIn();
    await repository.open(['a']);
    const [first, second] = [repository.lease('a'), repository.lease('a')];
    const unloaded = repository.unload('a');
    await settle();
    expect(await kindOf(() => repository.lease('a'))).toBe('unavailable');
    expect((await repository.index())[0]).toMatchObject({ state: 'UNLOADING' });
    first.release();
    await settle();
    expect(closed).toEqual([]);
    second.release();
    await unloaded;
    expect(closed).toEqual(['a/1/first']);
    expect(await repository.index()).toEqual([
      { name: 'a', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
    ]);
    await repository.load('a');
    expect(repository.lease('a').model.version).toBe('1');
    expect(() => first.release()).toThrow('released twice');
  });

  test('one that is never released holds an unload up for the time to drain, no longer', async () => {
    plans.set('a', { versions: [version('a', '1')] });
    const repository = repositoryIn();
    await repository.open(['a']);
    repository.lease('a');
    const unloaded = repository.unload('a');
    await clock.runUntilIdle();
    await unloaded;
    expect(clock.nowMs()).toBe(1000);
    expect(closed).toEqual(['a/1/first']);
  });
});

describe('loading', () => {
  test('what has changed is replaced when its successor is ready, and the counts go on', async () => {
    plans.set('a', { versions: [version('a', '1'), version('a', '2')] });
    const repository = repositoryIn();
    await repository.open(['a']);
    const lease = repository.lease('a', '1');
    lease.model.statistics.arrived();
    plans.set('a', { versions: [version('a', '1', 'second'), version('a', '2')] });
    const loaded = repository.load('a');
    await settle();
    expect(started).toEqual(['a/1/first', 'a/2/first', 'a/1/second']);
    expect(repository.find('a', '1')).not.toBe(lease.model);
    expect(repository.find('a', '1').statistics.arrivals).toBe(1);
    expect(closed).toEqual([]);
    lease.release();
    await loaded;
    expect(closed).toEqual(['a/1/first']);
  });

  test('versions that are no longer chosen go when all that are chosen run', async () => {
    plans.set('a', { versions: [version('a', '1')] });
    const repository = repositoryIn();
    await repository.open(['a']);
    broken.add('a/2/first');
    plans.set('a', { versions: [version('a', '2')] });
    expect(await kindOf(() => repository.load('a'))).toBe('invalid');
    expect(repository.lease('a').model.version).toBe('1');
    expect(await repository.index()).toEqual([
      { name: 'a', version: '1', state: 'READY', reason: '' },
      { name: 'a', version: '2', state: 'UNAVAILABLE', reason: 'it is broken' },
    ]);
    broken.clear();
    repository.find('a');
    const second = repository.load('a');
    await clock.runUntilIdle();
    await second;
    expect(repository.versionsOf('a').map((model) => model.version)).toEqual(['2']);
    expect(closed).toEqual(['a/1/first']);
  });

  test('a broken model is reported and harms nobody; what ran before goes on', async () => {
    plans.set('good', { versions: [version('good', '1')] });
    plans.set('bad', { problem: 'its configuration is nonsense' });
    plans.set('half', { versions: [version('half', '1', 'first', 'no file')] });
    const repository = repositoryIn();
    const failures = await repository.open(['good', 'bad', 'half']);
    expect([...failures.keys()].sort()).toEqual(['bad', 'half']);
    expect(await repository.index()).toEqual([
      { name: 'bad', state: 'UNAVAILABLE', reason: 'its configuration is nonsense' },
      { name: 'good', version: '1', state: 'READY', reason: '' },
      { name: 'half', version: '1', state: 'UNAVAILABLE', reason: 'no file' },
    ]);
    expect((await repository.index(true)).map(({ name }) => name)).toEqual(['good']);
    expect(await kindOf(() => repository.lease('bad'))).toBe('unavailable');
    expect(await kindOf(() => repository.countersOf('half'))).toBe('unavailable');
    expect(repository.allCounters().map(({ signature }) => signature.name)).toEqual(['good']);

    plans.set('good', { problem: 'somebody broke it' });
    await expect(repository.load('good')).rejects.toThrow("failed to load 'good': somebody broke it");
    expect(repository.lease('good').model.version).toBe('1');
    expect((await repository.index())[1]).toEqual({
      name: 'good',
      version: '1',
      state: 'READY',
      reason: 'somebody broke it',
    });
  });

  test('what callers say of the split stays through a reload, until the configuration says something else', async () => {
    const versions = [version('a', '1'), version('a', '2')];
    plans.set('a', { versions, labels: { canary: '2' }, routing: { split: { 1: 1 } } });
    const repository = repositoryIn();
    await repository.open(['a']);
    const chosen = () => new Set([1, 2, 3, 4].map(() => repository.lease('a').model.version));
    expect(chosen()).toEqual(new Set(['1']));
    await repository.setRouting('a', { split: { canary: 1 } });
    expect(chosen()).toEqual(new Set(['2']));
    plans.set('a', { versions, labels: { canary: '1' }, routing: { split: { 1: 1 } } });
    await repository.load('a');
    expect(chosen()).toEqual(new Set(['1']));
    expect(repository.routingOf('a')).toEqual({ split: { canary: 1 } });
    plans.set('a', { versions });
    await repository.load('a');
    expect(repository.routingOf('a')).toEqual({});
    expect(chosen()).toEqual(new Set(['2']));
    expect(await kindOf(() => repository.setRouting('a', { split: { 3: 1 } }))).toBe('not-found');
    expect(await kindOf(() => repositoryIn('none').setRouting('a', {}))).toBe('forbidden');
  });

  test('two operations on a model follow one another', async () => {
    plans.set('a', { versions: [version('a', '1')] });
    const repository = repositoryIn();
    await Promise.all([repository.load('a'), repository.load('a')]);
    expect(started).toEqual(['a/1/first']);
    await Promise.all([repository.unload('a'), repository.load('a'), repository.unload('a')]);
    expect(closed).toEqual(['a/1/first', 'a/1/first']);
    expect(repository.all()).toEqual([]);
  });

  test.each(['none', 'poll'] as const)('by request only where models are controlled so: %s', async (mode) => {
    plans.set('a', { versions: [version('a', '1')] });
    const repository = repositoryIn(mode);
    expect(await kindOf(() => repository.load('a'))).toBe('forbidden');
    expect(await kindOf(() => repository.unload('a'))).toBe('forbidden');
  });

  test('a name that there is not', async () => {
    plans.set('a', { versions: [version('a', '1')] });
    await expect(repositoryIn().load('b')).rejects.toThrow("unknown model 'b', the repository has: a");
  });

  test('after the end nothing is loaded any more', async () => {
    plans.set('a', { versions: [version('a', '1')] });
    const repository = repositoryIn();
    await repository.close();
    expect(await kindOf(() => repository.load('a'))).toBe('unavailable');
    expect(started).toEqual([]);
  });
});

describe('polling', () => {
  test('what is new is loaded, what changed replaced, what is gone unloaded; a failure is not tried twice', async () => {
    plans.set('a', { versions: [version('a', '1')] });
    const repository = repositoryIn('poll');
    await repository.open(['a']);
    const wakes: (() => void)[] = [];
    const after = (_: number, wake: () => void) => {
      wakes.push(wake);
      return () => void wakes.splice(wakes.indexOf(wake), 1);
    };
    const watched = {
      catalogue,
      repository,
      clock: { nowMs: () => 0, busyMs: () => 0, after, soon: () => {} },
      pollMs: 100,
      log: () => {},
    };
    const stop = watchCatalogue(watched);
    const look = async () => {
      wakes.shift()?.();
      while (wakes.length === 0) await settle();
    };

    plans.set('b', { versions: [version('b', '1')] });
    plans.set('a', { versions: [version('a', '1', 'second')] });
    broken.add('c/1/first');
    plans.set('c', { versions: [version('c', '1')] });
    await look();
    expect(started).toEqual(['a/1/first', 'a/1/second', 'b/1/first']);
    expect(closed).toEqual(['a/1/first']);
    plans.delete('b');
    broken.clear();
    await look();
    expect(closed).toEqual(['a/1/first', 'b/1/first']);
    expect(started).not.toContain('c/1/first');
    plans.set('c', { versions: [version('c', '1', 'second')] });
    await look();
    expect(started.at(-1)).toBe('c/1/second');
    stop();
    expect(wakes).toEqual([]);
    expect(repository.all().map((model) => model.version)).toEqual(['1', '1']);
  });

  test('an ensemble that failed is tried again: what it failed for may have been one of its models', async () => {
    const ensemble = { inputs: [], outputs: [], nodes: [] };
    plans.set('whole', { versions: [{ ...version('whole', '1'), ensemble }] });
    broken.add('whole/1/first');
    const repository = repositoryIn('poll');
    await repository.open(['whole']);
    expect(started).toEqual([]);
    broken.clear();
    await repository.reconcile('whole');
    await repository.reconcile('whole');
    expect(started).toEqual(['whole/1/first']);
  });

  test('a version that is outdated is started anew; one that has become right again runs on', async () => {
    plans.set('a', { versions: [version('a', '1')] });
    const repository = repositoryIn('poll');
    await repository.open(['a']);
    let outdated = true;
    Object.assign(repository.find('a'), { outdated: () => outdated });
    broken.add('a/1/first');
    expect((await repository.reconcile('a', { retry: true }))?.message).toContain('it is broken');
    outdated = false;
    expect(await repository.reconcile('a')).toBeUndefined();
    expect((await repository.index())[0]).toMatchObject({ state: 'READY', reason: '' });
    expect(started).toEqual(['a/1/first']);
    outdated = true;
    broken.clear();
    await repository.reconcile('a');
    expect(started).toEqual(['a/1/first', 'a/1/first']);
    expect(closed).toEqual(['a/1/first']);
  });
});
