import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WorldChanges } from '../../../harness/workload/world-changes.ts';

const EVERY_MS = 250;

/** Share of the keys whose data changes between the two instants. */
function share(world: WorldChanges, fromMs: number, untilMs: number, keys = 20_000): number {
  let changed = 0;
  for (let key = 0; key < keys; key++) if (world.changed(key, fromMs, untilMs)) changed += 1;
  return changed / keys;
}

/** Five deviations of a share of so many. */
const tolerance = (p: number, n = 20_000) => 5 * Math.sqrt((p * (1 - p)) / n);

describe('WorldChanges', () => {
  it.each([
    [0, 1],
    [0, 25],
    [100, 350],
    [240, 260],
    [1000.5, 1750.25],
    [-700, 50],
    [3_600_000, 3_600_100],
  ])('is a Poisson process: between %d and %d ms something happens to 1 - e^(-t / T)', (from, until) => {
    const expected = -Math.expm1(-(until - from) / EVERY_MS);
    expect(Math.abs(share(new WorldChanges(EVERY_MS, 77), from, until) - expected)).toBeLessThan(
      tolerance(expected),
    );
  });

  it('forgets: what happened in one stretch says nothing of the next, and one key nothing of another', () => {
    const world = new WorldChanges(EVERY_MS, 5);
    const p = -Math.expm1(-0.4);
    let [both, neighbours] = [0, 0];
    for (let key = 0; key < 20_000; key++) {
      const first = world.changed(key, 200, 300);
      if (first && world.changed(key, 300, 400)) both += 1;
      if (first && world.changed(key + 1, 200, 300)) neighbours += 1;
    }
    expect(Math.abs(both / 20_000 - p * p)).toBeLessThan(tolerance(p * p));
    expect(Math.abs(neighbours / 20_000 - p * p)).toBeLessThan(tolerance(p * p));
  });

  it('is one course of events: a stretch has a change if and only if one of its parts has', () => {
    const at = fc.double({ min: -2000, max: 20_000, noNaN: true });
    fc.assert(
      fc.property(fc.integer(), fc.nat(1e8), fc.tuple(at, at, at), (salt, key, instants) => {
        const world = new WorldChanges(EVERY_MS, salt);
        const [a = 0, b = 0, c = 0] = [...instants].sort((x, y) => x - y);
        expect(world.changed(key, a, c)).toBe(world.changed(key, a, b) || world.changed(key, b, c));
        expect(world.changed(key, a, a)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('is another one for another salt', () => {
    const [one, other] = [new WorldChanges(EVERY_MS, 1), new WorldChanges(EVERY_MS, 2)];
    const same = Array.from({ length: 1000 }, (_, key) => key).filter(
      (key) => one.changed(key, 0, 170) === other.changed(key, 0, 170),
    );
    expect(same.length).toBeGreaterThan(400);
    expect(same.length).toBeLessThan(600);
  });
});
