import { describe, expect, it } from 'vitest';
import { BodyBuffers } from '../../../reference-server/api/body-buffers.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

// Compared with ===: where two are not the same the matchers look at every byte.

describe('BodyBuffers', () => {
  it('gives a buffer again to who asks for its length, and to nobody else', () => {
    const buffers = new BodyBuffers();
    const [first, second] = [buffers.take(100 * KIB), buffers.take(100 * KIB)];
    expect(second === first).toBe(false);
    buffers.giveBack(first);
    expect(buffers.take(101 * KIB) === first).toBe(false);
    expect(buffers.take(100 * KIB) === first).toBe(true);
    expect(buffers.take(100 * KIB) === first).toBe(false);
    expect(first.length).toBe(100 * KIB);
    // One that others may hold a part of would never be the only owner of its memory.
    expect(first.buffer.byteLength).toBe(100 * KIB);
  });

  it('keeps no small ones', () => {
    const buffers = new BodyBuffers();
    const small = buffers.take(64 * KIB - 1);
    buffers.giveBack(small);
    expect(buffers.take(64 * KIB - 1) === small).toBe(false);
    expect(buffers.idleBytes).toBe(0);
  });

  it('keeps 64 MiB, of the lengths that were asked for last', () => {
    const buffers = new BodyBuffers();
    const [old, usual, last] = [buffers.take(20 * MIB), buffers.take(30 * MIB), buffers.take(25 * MIB)];
    buffers.giveBack(old);
    buffers.giveBack(usual);
    expect(buffers.idleBytes).toBe(50 * MIB);
    buffers.giveBack(last);
    expect(buffers.idleBytes).toBe(55 * MIB);
    expect(buffers.take(20 * MIB) === old).toBe(false);
    expect(buffers.take(30 * MIB) === usual).toBe(true);
    expect(buffers.take(25 * MIB) === last).toBe(true);
    expect(buffers.idleBytes).toBe(0);
    buffers.giveBack(Buffer.allocUnsafeSlow(65 * MIB));
    expect(buffers.idleBytes).toBe(0);
  });
});
