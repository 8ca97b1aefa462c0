import type { PayloadSpec } from '../scenario/workload-spec.ts';
import { drawAt } from './indexed-draws.ts';
import { ZipfRanks, zipfMass } from './zipf.ts';

/** Request index -> key of its payload: a function of seed and index alone. Allocates nothing per request. */
export interface Popularity {
  /** How many keys there are; undefined: none comes twice. */
  readonly keys: number | undefined;
  keyOf(index: number): number;
  /** Share of the requests that ask for key 0, the most popular one. */
  readonly topShare: number;
  /** Share of `requests` requests that may be expected to repeat an earlier one's payload. */
  expectedRepeats(requests: number): number;
}

/** @param available how many payloads a file holds; undefined: they are drawn, as many as are wanted. */
export function popularityOf(spec: PayloadSpec, available: number | undefined, salt: number): Popularity {
  const { keys, distinct } = spec;
  if (keys === undefined) {
    const wanted = distinct === 'all' ? available : Math.min(distinct, available ?? distinct);
    return wanted === undefined ? once() : inTurn(wanted);
  }
  if (keys.distribution === 'once') return once();
  const count = Math.min(keys.keys ?? available ?? 1, available ?? Number.POSITIVE_INFINITY);
  return keys.distribution === 'uniform' ? uniform(count, salt) : zipf(count, keys.s, salt);
}

function once(): Popularity {
  return { keys: undefined, keyOf: (index) => index, topShare: 0, expectedRepeats: () => 0 };
}

function inTurn(keys: number): Popularity {
  return {
    keys,
    keyOf: (index) => index % keys,
    topShare: 1 / keys,
    expectedRepeats: (requests) => (requests === 0 ? 0 : Math.max(0, requests - keys) / requests),
  };
}

function uniform(keys: number, salt: number): Popularity {
  return {
    keys,
    keyOf: (index) => Math.floor(drawAt(salt, index) * keys),
    topShare: 1 / keys,
    expectedRepeats: (requests) => repeats(requests, keys * seenOnce(1 / keys, requests)),
  };
}

function zipf(keys: number, s: number, salt: number): Popularity {
  const ranks = new ZipfRanks(keys, s, salt);
  const topShare = 1 / zipfMass(1, keys, s);
  return {
    keys,
    keyOf: (index) => ranks.at(index),
    topShare,
    expectedRepeats: (requests) => repeats(requests, zipfDistinct(keys, s, topShare, requests)),
  };
}

/** Probability that a key of this share appears among so many requests. */
function seenOnce(share: number, requests: number): number {
  return -Math.expm1(requests * Math.log1p(-share));
}

function repeats(requests: number, distinct: number): number {
  return requests === 0 ? 0 : Math.max(0, 1 - distinct / requests);
}

/** Expected number of different keys: the first thousand one by one, then in blocks 1 % wide. */
function zipfDistinct(keys: number, s: number, topShare: number, requests: number): number {
  let sum = 0;
  for (let from = 1; from <= keys; ) {
    const to = from < 1000 ? from : Math.min(keys, Math.floor(from * 1.01));
    const share = topShare * ((from + to) / 2) ** -s;
    sum += (to - from + 1) * (share >= 1 ? 1 : seenOnce(share, requests));
    from = to + 1;
  }
  return sum;
}
