import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { InferContext, InferRequest, InferResponse } from '../../../reference-server/infer.ts';
import { LoadedVersion } from '../../../reference-server/models/loaded-version.ts';
import type { VersionPlan } from '../../../reference-server/models/model-plan.ts';
import type { ServedModel } from '../../../reference-server/models/served-model.ts';
import { VersionRouter } from '../../../reference-server/routing/version-router.ts';
import { ModelStatistics } from '../../../reference-server/telemetry/statistics.ts';
import { newTimings } from '../../../reference-server/telemetry/timings.ts';
import { settle } from '../virtual-clock.ts';

interface Call {
  readonly request: InferRequest;
  answer(): void;
  fail(): void;
}

let running: Map<string, LoadedVersion>;
let calls: Map<string, Call[]>;
let router: VersionRouter;

/** A version whose answers the test gives. */
function run(version: string, inputName = 'x'): LoadedVersion {
  const own: Call[] = [];
  calls.set(version, own);
  const model = {
    version,
    statistics: new ModelStatistics(),
    signature: {
      name: 'm',
      maxRows: 8,
      inputs: [{ name: inputName, datatype: 'FP32', shape: [-1, 1] }],
      outputs: [],
    },
    infer: (request: InferRequest) =>
      new Promise<InferResponse>((resolve, reject) => {
        own.push({
          request,
          answer: () => resolve({ outputs: [] }),
          fail: () => reject(new Error('no')),
        });
      }),
    close: async () => {},
  } as unknown as ServedModel;
  const loaded = new LoadedVersion({} as VersionPlan, model);
  running.set(version, loaded);
  return loaded;
}

beforeEach(() => {
  running = new Map();
  calls = new Map();
  router = new VersionRouter('m', (version) => running.get(version === 'stable' ? '1' : version));
});

const REQUEST: InferRequest = { inputs: [], rows: 1, outputs: ['y'] };
const context = (): InferContext => ({ receivedAtMs: 5, timings: newTimings() });
const of = (version: string) => calls.get(version) ?? [];
const shadowOf = (version: string) => running.get(version)?.model.statistics.shadow;

describe('the version of a request', () => {
  test('is nobody’s choice without a split', () => {
    run('1');
    expect(router.choose(undefined)).toBeUndefined();
    expect(router.choose('key')).toBeUndefined();
  });

  test('is one that runs: what does not gives its share to the others, and gets it back', () => {
    const [one, two] = [run('1'), run('2')];
    router.set({ split: { stable: 1, 2: 3 } });
    const chosen = () => new Set(Array.from({ length: 100 }, () => router.choose(undefined)));
    expect(chosen()).toEqual(new Set([one, two]));
    running.delete('2');
    expect(chosen()).toEqual(new Set([one]));
    running.clear();
    expect(router.choose(undefined)).toBeUndefined();
    expect(router.choose('key')).toBeUndefined();
    running.set('2', two);
    expect(chosen()).toEqual(new Set([two]));
  });

  test('is the same for the same key', () => {
    run('1');
    run('2');
    router.set({ split: { 1: 1, 2: 1 } });
    const once = ['a', 'b', 'c', 'd'].map((key) => router.choose(key));
    expect(['a', 'b', 'c', 'd'].map((key) => router.choose(key))).toEqual(once);
  });
});

describe('a shadow', () => {
  test('gets a copy of what another answers, and neither its caller nor its counts see that', async () => {
    const one = run('1');
    run('2');
    router.set({ shadow: { version: '2', share: 1, maxInFlight: 2 } });
    const lease = router.lease(one);
    const answer = lease.model.infer(REQUEST, context());
    expect(of('1')[0]?.request).toBe(REQUEST);
    expect(of('2')[0]?.request).toEqual({ inputs: [], rows: 1 });
    expect(running.get('2')?.leases).toBe(1);
    of('1')[0]?.answer();
    await answer;
    lease.release();
    expect(shadowOf('2')).toEqual({ copied: 1, ok: 0, failed: 0, skipped: 0 });
    of('2')[0]?.fail();
    await settle();
    expect(shadowOf('2')).toEqual({ copied: 1, ok: 0, failed: 1, skipped: 0 });
    expect(running.get('2')?.leases).toBe(0);
    expect(one.leases).toBe(0);
    expect(running.get('2')?.model.statistics.arrivals).toBe(0);
  });

  test('gets no more than there is room for, nothing of its own, and nothing that it does not take', async () => {
    const [one, two, other] = [run('1'), run('2'), run('3', 'z')];
    router.set({ shadow: { version: '2', share: 1, maxInFlight: 2 } });
    for (let n = 0; n < 5; n++) void router.lease(one).model.infer(REQUEST, context());
    expect(shadowOf('2')).toEqual({ copied: 2, ok: 0, failed: 0, skipped: 3 });
    for (const call of of('2')) call.answer();
    await settle();
    void router.lease(two).model.infer(REQUEST, context());
    expect(shadowOf('2')).toEqual({ copied: 2, ok: 2, failed: 0, skipped: 3 });
    void router.lease(other).model.infer(REQUEST, context());
    expect(shadowOf('2')).toEqual({ copied: 2, ok: 2, failed: 0, skipped: 4 });
    void router.lease(one).model.infer(REQUEST, context());
    expect(shadowOf('2')).toEqual({ copied: 3, ok: 2, failed: 0, skipped: 4 });
    running.delete('2');
    void router.lease(one).model.infer(REQUEST, context());
    expect(two.leases).toBe(2);
  });

  test('gets its share, evenly', () => {
    const one = run('1');
    run('2');
    router.set({ shadow: { version: '2', share: 0.25, maxInFlight: 10_000 } });
    for (let n = 1; n <= 4000; n++) {
      void router.lease(one).model.infer(REQUEST, context());
      expect(Math.abs((shadowOf('2')?.copied ?? 0) - n / 4)).toBeLessThan(4);
    }
  });

  test('whatever happens, every copy is counted once and every lease given back', async () => {
    const steps = fc.array(fc.constantFrom('ask', 'answer', 'fail', 'stop', 'start'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const [one, two] = [run('1'), run('2')];
        router.set({ shadow: { version: '2', share: 1, maxInFlight: 3 } });
        for (const step of all) {
          if (step === 'ask') void router.lease(one).model.infer(REQUEST, context());
          else if (step === 'answer') of('2').shift()?.answer();
          else if (step === 'fail') of('2').shift()?.fail();
          else if (step === 'stop') running.delete('2');
          else running.set('2', two);
        }
        for (const call of of('2')) call.answer();
        await settle();
        const { copied, ok, failed } = two.model.statistics.shadow;
        expect(ok + failed).toBe(copied);
        expect(two.leases).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
