import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ServingError } from '../../../reference-server/errors.ts';
import { ConcurrencyGate } from '../../../reference-server/operations/concurrency.ts';
import { newDoorCounts } from '../../../reference-server/operations/door-counts.ts';
import { settle } from '../virtual-clock.ts';

const steps = fc.array(fc.record({ caller: fc.nat(3), ends: fc.nat(12), fails: fc.boolean() }), {
  maxLength: 60,
});

test('never more than may be, nobody refused while there is room, and everybody leaves once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(6), fc.nat(3), steps, async (concurrent, concurrentPerCaller, all) => {
      const counts = newDoorCounts();
      const gate = new ConcurrencyGate({ concurrent, concurrentPerCaller }, counts);
      const inside: { caller: number; end(): void; over: Promise<unknown> }[] = [];
      const refusals: string[] = [];
      for (const { caller, ends, fails } of all) {
        const [leaving] = inside.splice(ends, 1);
        leaving?.end();
        await leaving?.over;
        const own = inside.filter((other) => other.caller === caller).length;
        const expected = expectedOf(own, inside.length, { concurrent, concurrentPerCaller });
        let end = (): void => {};
        const served = new Promise<void>((resolve, reject) => {
          end = fails ? () => reject(new Error('it failed')) : resolve;
        });
        const over = gate
          .through(
            () => String(caller),
            () => served,
          )
          .catch((error: unknown) => error);
        const refused = await Promise.race([over, settle()]);
        expect(refused instanceof ServingError ? refused.kind : undefined).toBe(expected);
        if (expected === undefined) inside.push({ caller, end, over });
        else refusals.push(expected);
        served.catch(() => {});
      }
      for (const { end } of inside) end();
      await Promise.all(inside.map(({ over }) => over));
      expect([gate.inside, gate.callers]).toEqual([0, 0]);
      expect(counts['too-many']).toBe(refusals.filter((kind) => kind === 'unavailable').length);
      expect(counts['too-many-of-caller']).toBe(refusals.filter((kind) => kind === 'too-many').length);
    }),
    { numRuns: 100 },
  );
});

function expectedOf(
  own: number,
  all: number,
  { concurrent, concurrentPerCaller }: { concurrent: number; concurrentPerCaller: number },
): string | undefined {
  if (concurrentPerCaller > 0 && own >= concurrentPerCaller) return 'too-many';
  return concurrent > 0 && all >= concurrent ? 'unavailable' : undefined;
}

test('where callers are not told apart, nobody asks who it is', async () => {
  const gate = new ConcurrencyGate({ concurrent: 1, concurrentPerCaller: 0 }, newDoorCounts());
  const caller = () => {
    throw new Error('asked');
  };
  expect(await gate.through(caller, async () => 'served')).toBe('served');
});
