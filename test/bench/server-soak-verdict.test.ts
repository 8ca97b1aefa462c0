import { describe, expect, it } from 'vitest';
import { grownBytes, type ServerSoak, serverSoakProblems, soakTenths } from './server-soak-verdict.ts';

const MIB = 2 ** 20;

/** A run of half an hour, sampled once a second. */
function soak(
  held: (atS: number) => { bytes: number; descriptors: number },
  changes: Partial<ServerSoak> = {},
): ServerSoak {
  const tookS = 1800;
  return {
    tookS,
    samples: Array.from({ length: tookS }, (_, nth) => ({ atS: nth + 1, ...held(nth + 1) })),
    sent: 1_000_000,
    notOk: 0,
    arrivals: 1_000_500,
    askew: 500,
    askewStatuses: { 400: 400, 404: 100 },
    reloads: 60,
    exitCode: 0,
    ...changes,
  };
}

const flat = () => ({ bytes: 400 * MIB, descriptors: 40 });

describe('the verdict on a soak of the server', () => {
  it('compares the second tenth with the last', () => {
    const { early, late } = soakTenths(soak((atS) => ({ bytes: atS, descriptors: atS / 10 })));
    expect([early.bytes, late.bytes]).toEqual([270, 1710]);
    expect([early.descriptors, late.descriptors]).toEqual([27, 171]);
  });

  it('takes growth from the slopes between windows', () => {
    const line = soak((atS) => ({ bytes: 1000 * atS, descriptors: 0 }));
    expect(grownBytes(line)).toBeCloseTo(0.9 * 1800 * 1000, -4);
    expect(grownBytes(soak(flat))).toBe(0);
  });

  it('finds nothing in a server that fills up once and then keeps nothing', () => {
    expect(serverSoakProblems(soak(flat))).toEqual([]);
    const fillsUp = (atS: number) => ({ bytes: (atS < 180 ? 200 : 400) * MIB, descriptors: 40 });
    expect(serverSoakProblems(soak(fillsUp))).toEqual([]);
  });

  it('finds some bytes kept of each request, and says how many', () => {
    const leak = (atS: number) => ({ bytes: 400 * MIB + (atS / 1800) * 1_000_000 * 64, descriptors: 40 });
    expect(serverSoakProblems(soak(leak))).toEqual([
      'memory grew steadily, to 1.13 times that of the second tenth, about 64 bytes a request',
    ]);
  });

  it('does not take the saw of a collected heap for growth, nor miss growth in one', () => {
    const saw = (atS: number) => (Math.floor(atS / 25) % 7) * 12 * MIB;
    const tooth = (atS: number) => ({ bytes: 340 * MIB + saw(atS), descriptors: 40 });
    expect(serverSoakProblems(soak(tooth))).toEqual([]);
    const full = (atS: number) => ({ bytes: (atS < 400 ? 370 : 414) * MIB, descriptors: 40 });
    expect(serverSoakProblems(soak(full))).toEqual([]);
    const leak = (atS: number) => ({ bytes: 340 * MIB + saw(atS) + (atS / 1800) * 64e6, descriptors: 40 });
    expect(serverSoakProblems(soak(leak))).toHaveLength(1);
  });

  it('finds connections that are never closed', () => {
    const leak = (atS: number) => ({ bytes: 400 * MIB, descriptors: 40 + Math.floor(atS / 60) });
    expect(serverSoakProblems(soak(leak))).toEqual(['24 descriptors more were open at the end']);
  });

  it.each<[Partial<ServerSoak>, string]>([
    [{ notOk: 2 }, '2 of 1000000 requests were not answered well'],
    [{ arrivals: 999_999 }, "1000000 requests were sent, 999999 arrived by the server's count"],
    [{ askewStatuses: { 400: 3, 200: 1 } }, 'requests that none should take were answered 200 (1)'],
    [{ askewStatuses: { 500: 2 } }, 'requests that none should take were answered 500 (2)'],
    [{ reloads: 0 }, 'too short a run: nothing was loaded again, or nothing askew was sent'],
    [{ exitCode: null }, 'the server ended with null'],
    [{ samples: [] }, 'too short a run: memory was not sampled at its start and at its end'],
  ])('names what else is wrong: %j', (changes, problem) => {
    expect(serverSoakProblems(soak(flat, changes))).toEqual([problem]);
  });
});
