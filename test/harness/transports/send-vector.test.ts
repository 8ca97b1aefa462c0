import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BytePieces } from '../../../harness/transports/byte-pieces.ts';
import { SendVector } from '../../../harness/transports/send-vector.ts';
import { whyNotNative } from '../../support/answers-of.ts';

const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
const addressOf = (bytes: Uint8Array): number => Number(koffi.address(bytes));

/** Reads as the kernel would: the list that the `msghdr` names, and the bytes at each place of it. */
function whatIsNamed(vector: SendVector): Buffer {
  const words = (address: number, count: number): number[] =>
    Array.from(koffi.decode(BigInt(address), koffi.array('uint64', count)) as BigUint64Array, Number);
  const [, , list = 0, length = 0] = words(vector.address, 4);
  const pieces: Buffer[] = [];
  for (let index = 0; index < length; index++) {
    const [address = 0, bytes = 0] = words(list + 16 * index, 2);
    pieces.push(Buffer.from(koffi.decode(BigInt(address), koffi.array('uint8', bytes)) as Uint8Array));
  }
  return Buffer.concat(pieces);
}

const piece = fc.uint8Array({ minLength: 1, maxLength: 40 }).chain((bytes) =>
  fc.record({
    bytes: fc.constant(Buffer.from(bytes)),
    from: fc.nat(bytes.length),
    to: fc.nat(bytes.length),
  }),
);

it.skipIf(whyNotNative() !== undefined)('names what is left, however much of it is taken at a time', () => {
  const vector = new SendVector(addressOf);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 90 }), fc.array(fc.nat(60)), (given, takes) => {
      const pieces = new BytePieces();
      const all: Buffer[] = [];
      for (const { bytes, from, to } of given) {
        const [first, last] = [Math.min(from, to), Math.max(from, to)];
        pieces.add(bytes, first, last);
        all.push(bytes.subarray(first, last));
      }
      vector.fill(pieces);
      pieces.clear();
      let left = Buffer.concat(all);
      for (const take of [0, ...takes]) {
        const taken = Math.min(take, left.length);
        vector.took(taken);
        left = left.subarray(taken);
        expect(vector.isEmpty).toBe(left.length === 0);
        if (left.length > 0) expect(whatIsNamed(vector)).toEqual(left);
      }
    }),
    { numRuns: 200 },
  );
});
