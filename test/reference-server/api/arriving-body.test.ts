import fc, { array, integer, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArrivingBody } from '../../../reference-server/api/arriving-body.ts';
import { BodyBuffers } from '../../../reference-server/api/body-buffers.ts';

const LENGTH = 70_000;

describe('ArrivingBody', () => {
  it('is what was sent, however it was cut, and takes nothing of what follows', async () => {
    const sent = uint8Array({ minLength: 1, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(sent, array(integer({ min: 1, max: 299 }), { maxLength: 5 }), async (bytes, cuts) => {
        const body = new ArrivingBody(bytes.length, new BodyBuffers());
        const whole = body.whole();
        const stream = Buffer.concat([bytes, Buffer.from('GET')]);
        const edges = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), stream.length];
        let from = 0;
        for (const to of edges) {
          const piece = Buffer.from(stream.subarray(from, to));
          const taken = body.add(piece);
          expect(taken).toBe(Math.min(piece.length, bytes.length - from));
          expect(body.isWhole).toBe(from + taken === bytes.length);
          // The piece's own memory is used for something else.
          piece.fill(0xff);
          from = to;
        }
        expect(Buffer.compare(await whole, bytes)).toBe(0);
      }),
    );
  });

  it('is thrown away as it comes when nobody asks for it, and cannot be asked for then', () => {
    const body = new ArrivingBody(10, new BodyBuffers());
    expect(body.add(Buffer.alloc(4))).toBe(4);
    expect(() => body.whole()).toThrow('thrown away');
    expect(body.add(Buffer.alloc(9))).toBe(6);
    expect(body.isWhole).toBe(true);
  });

  it('fails who waits for it when the rest does not come', async () => {
    const body = new ArrivingBody(10, new BodyBuffers());
    const whole = body.whole();
    body.add(Buffer.alloc(4));
    body.cutShort();
    await expect(whole).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('gives its buffer back once, and writes nothing into it from then on', () => {
    fc.assert(
      property(integer({ min: 0, max: LENGTH }), (here) => {
        const buffers = new BodyBuffers();
        const body = new ArrivingBody(LENGTH, buffers);
        void body.whole();
        body.add(Buffer.alloc(here, 1));
        body.giveBack();
        body.giveBack();
        expect(buffers.idleBytes).toBe(LENGTH);
        const next = buffers.take(LENGTH).fill(2);
        body.add(Buffer.alloc(LENGTH - here, 3));
        expect(next.every((byte) => byte === 2)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
