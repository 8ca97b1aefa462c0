import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../harness/load/random.ts';
import type { WorkloadSpec } from '../../../harness/scenario/workload-spec.ts';
import type { ModelMetadata } from '../../../harness/targets/target.ts';
import { createWorkload } from '../../../harness/workload/create-workload.ts';
import { payloadFacts } from '../../../harness/workload/payload-facts.ts';

const SPEC: WorkloadSpec = { rows: 1, encoding: 'binary', inputs: {}, distinct: 'all' };
const MODEL: ModelMetadata = {
  name: 'm',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 8] }],
  outputs: [],
};
const streams = (stream: number) => seededRandom(3, stream);

/** Found again from the spec alone, and counted over what the workload really sends. */
function both(spec: WorkloadSpec, warmup: number, measured: number) {
  const workload = createWorkload(spec, [MODEL], streams);
  const keys = workload.classes.map((one) => one.keys ?? null);
  const facts = payloadFacts(spec, { keys, warmup, measured }, streams);
  const counted = workload.classes.map(() => ({ requests: 0, different: new Set<number>(), repeats: 0 }));
  const seen = new Set<number>();
  for (let index = 0; index < warmup + measured; index++) {
    const { requestClass, variation } = workload.sample(workload.sampleOf(index));
    const one = counted[requestClass];
    if (one === undefined) throw new Error('no class');
    const endless = workload.classes[requestClass]?.keys === undefined;
    const payload = endless ? 1e9 + (variation?.keyOf(index) ?? 0) : workload.payloadOf(index);
    if (index >= warmup) {
      one.requests += 1;
      one.different.add(payload);
      if (seen.has(payload)) one.repeats += 1;
    }
    seen.add(payload);
  }
  return { facts, counted: counted.map(({ different, ...one }) => ({ ...one, different: different.size })) };
}

describe('payloadFacts', () => {
  it.each<[string, Partial<WorkloadSpec>]>([
    ['no payload twice', {}],
    ['seven in turn', { distinct: 7 }],
    ['uniform', { keys: { distribution: 'uniform', keys: 300 } }],
    ['zipf', { keys: { distribution: 'zipf', s: 1.1, keys: 50_000 } }],
    [
      'a mix',
      {
        mix: [
          { ...SPEC, name: 'a', share: 0.7, keys: { distribution: 'zipf', s: 1, keys: 100 } },
          { ...SPEC, name: 'b', share: 0.3 },
        ],
      },
    ],
  ])('counts as the requests do: %s', (_, changes) => {
    const { facts, counted } = both({ ...SPEC, ...changes }, 500, 2000);
    expect(facts).toMatchObject(counted);
    for (const { requests, repeats, expectedRepeats } of facts) {
      expect(Math.abs(repeats - expectedRepeats) / requests).toBeLessThan(0.05);
    }
  });
});
