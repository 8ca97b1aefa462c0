import { describe, expect, it } from 'vitest';
import { tableOf } from './bench-result.ts';
import { h2load, hey, wrk } from './debian-peers.ts';
import { isReached, ratioOf, spreadOf } from './round-statistics.ts';

const EXCHANGE = { method: 'GET', path: '/', connections: 32, streams: 1 } as const;

describe('what rounds say', () => {
  it('takes the median, the least and the most; nothing of nothing', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, rounds: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4, rounds: 4 });
    expect(spreadOf([Number.NaN, 5])).toEqual({ median: 5, min: 5, max: 5, rounds: 1 });
    expect(spreadOf([])).toBeUndefined();
  });

  it('divides within each round, so that a slow round does not look like a cheap peer', () => {
    const rounds = [
      { oursUs: 10, peerUs: 20 },
      { oursUs: 30, peerUs: 60 },
      { oursUs: 10, peerUs: 25 },
      { oursUs: undefined, peerUs: 1 },
      { oursUs: 0, peerUs: 1 },
    ];
    expect(ratioOf(rounds)).toEqual({ median: 2, min: 2, max: 2.5, rounds: 3 });
    expect(ratioOf([])).toBeUndefined();
  });

  it('judges by the median, in either direction', () => {
    const found = spreadOf([1, 2, 3]);
    expect(isReached({ atLeast: 2 }, found)).toBe(true);
    expect(isReached({ atLeast: 2.1 }, found)).toBe(false);
    expect(isReached({ atMost: 2 }, found)).toBe(true);
    expect(isReached({ atMost: 1.9 }, found)).toBe(false);
    expect(isReached({ atLeast: 2 }, undefined)).toBeUndefined();
  });

  it('prints a table with what is missing said below it', () => {
    const found = spreadOf([2.014, 1.9, 2.2]);
    const reach = { atLeast: 2 };
    const shared = { row: 2, what: 'small', unit: 'times', reach } as const;
    const table = tableOf([
      { ...shared, against: 'autocannon', found, reached: true },
      { ...shared, against: 'hey', found: undefined, reached: undefined, note: 'hey is not installed' },
    ]);
    expect(table).toContain('2.01x (1.9-2.2)');
    expect(table).toMatch(/>= 2x +yes/);
    expect(table).toContain('row 2, hey: hey is not installed');
  });
});

describe('what peers claim', () => {
  it.each([
    [
      wrk(EXCHANGE, undefined),
      '  81553 requests in 1.00s, 324.24MB read\n  Socket errors: connect 0, read 3, write 0, timeout 1\n  Non-2xx or 3xx responses: 2\n',
      { ok: 81_547, failed: 6 },
    ],
    [
      hey(EXCHANGE),
      'Status code distribution:\n  [200]\t45003 responses\n  [503]\t2 responses\n',
      { ok: 45_003, failed: 2 },
    ],
    [
      h2load(EXCHANGE),
      'requests: 20 total, 20 started, 20 done, 19 succeeded, 1 failed, 1 errored, 0 timeout',
      { ok: 19, failed: 2 },
    ],
  ])('is read from the output of $name', (peer, output, claims) => {
    expect(peer.claims(output)).toEqual(claims);
    expect(peer.claims('Segmentation fault')).toBeUndefined();
  });
});
