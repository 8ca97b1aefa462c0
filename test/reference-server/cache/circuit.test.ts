import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Circuit } from '../../../reference-server/cache/circuit.ts';

const LIMITS = { failures: 3, restMs: 1000 };

function opened(atMs: number): Circuit {
  const circuit = new Circuit(LIMITS);
  for (let n = 0; n < LIMITS.failures; n++) circuit.failed(atMs);
  return circuit;
}

test('it opens at the third failure in a row; a success between them starts the count anew', () => {
  const circuit = new Circuit(LIMITS);
  circuit.failed(0);
  circuit.failed(0);
  circuit.succeeded();
  circuit.failed(0);
  circuit.failed(0);
  expect([circuit.isOpen, circuit.lets(0)]).toEqual([false, true]);
  circuit.failed(0);
  expect([circuit.isOpen, circuit.lets(0)]).toEqual([true, false]);
});

test('open, one try after each rest; a failed one rests again, a success closes it', () => {
  const circuit = opened(500);
  expect([1499, 1500, 1500, 2499, 2500].map((atMs) => circuit.lets(atMs))).toEqual([
    false,
    true,
    false,
    false,
    true,
  ]);
  circuit.failed(2600);
  expect([3599, 3600].map((atMs) => circuit.lets(atMs))).toEqual([false, true]);
  circuit.succeeded();
  expect([3600, 3600, 3600].map((atMs) => circuit.lets(atMs))).toEqual([true, true, true]);
});

test('however often it is asked, whoever never answers is tried at most once a rest', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 60 }), (gaps) => {
      const circuit = opened(0);
      let nowMs = 0;
      let tries = 0;
      for (const gap of gaps) {
        nowMs += gap;
        if (!circuit.lets(nowMs)) continue;
        tries++;
        circuit.failed(nowMs);
      }
      expect(tries).toBeLessThanOrEqual(Math.floor(nowMs / LIMITS.restMs));
    }),
    { numRuns: 200 },
  );
});
