import fc from 'fast-check';
import { expect, it } from 'vitest';
import { StreamTable } from '../../../harness/transports/stream-table.ts';

it('finds what is in it, and nothing else, whatever came and went', () => {
  // Ids in a row never meet in the table; these do.
  const ids = fc.uniqueArray(fc.nat(1e9), { minLength: 60, maxLength: 60 });
  const step = fc.tuple(fc.boolean(), fc.nat(59));
  fc.assert(
    fc.property(ids, fc.array(step, { minLength: 300, maxLength: 400 }), (pool, steps) => {
      const table = new StreamTable<{ id: number; position: number }>();
      const known = new Map<number, { id: number; position: number }>();
      for (const [adds, number] of steps) {
        const id = pool[number] ?? 0;
        const stream = known.get(id);
        if (adds && stream === undefined) {
          const fresh = { id, position: 0 };
          known.set(id, fresh);
          table.add(fresh);
        } else if (!adds && stream !== undefined) {
          known.delete(id);
          table.remove(stream);
        }
        expect(table.find(id)).toBe(known.get(id));
      }
      expect(table.size).toBe(known.size);
      for (const [id, stream] of known) {
        expect(table.find(id)).toBe(stream);
        expect(table.at(stream.position)).toBe(stream);
      }
    }),
    { numRuns: 100 },
  );
});
