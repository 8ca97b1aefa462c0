import fc from 'fast-check';
import { expect, it } from 'vitest';
import { spread } from '../../reports/charts/spread.ts';

it('moves only what is too close', () => {
  expect(spread([10, 12, 14, 40], 8, 0, 100)).toEqual([4, 12, 20, 40]);
  expect(spread([5, 50], 8, 0, 100)).toEqual([5, 50]);
});

it('keeps the gap, the order and the bounds', () => {
  const wishes = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(wishes, (wanted) => {
      const placed = spread(wanted, 15, 0, 200);
      const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0));
      for (const [step, index] of order.entries()) {
        expect(placed[index]).toBeGreaterThanOrEqual(-1e-9);
        expect(placed[index]).toBeLessThanOrEqual(200 + 1e-9);
        const previous = order[step - 1];
        if (previous === undefined) continue;
        expect((placed[index] ?? 0) - (placed[previous] ?? 0)).toBeGreaterThanOrEqual(15 - 1e-9);
      }
    }),
  );
});
