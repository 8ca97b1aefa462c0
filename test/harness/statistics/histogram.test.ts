import { inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { build, decodeFromCompressedBase64, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { afterEach, describe, expect, it } from 'vitest';
import { Buckets, rankOf } from '../../../harness/statistics/buckets.ts';
import { Histogram, liveHistograms } from '../../../harness/statistics/histogram.ts';

afterEach(() => expect(liveHistograms()).toBe(0));

const RELATIVE_ERROR = 0.001;
const valuesMs = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 3_600_000_000 }),
    fc.integer({ min: 0, max: 5_000 }),
    fc.constant(0),
    fc.constant(3_600_000_000),
  ),
  { minLength: 1, maxLength: 400 },
);

/** Runs with histograms of the given values (µs) and destroys them. */
function holding<T>(lists: readonly (readonly number[])[], use: (histograms: Histogram[]) => T): T {
  const histograms = lists.map((list) => {
    const histogram = new Histogram();
    for (const us of list) histogram.recordMs(us / 1000);
    return histogram;
  });
  try {
    return use(histograms);
  } finally {
    for (const histogram of histograms) histogram.destroy();
  }
}

const first = (histograms: readonly Histogram[]): Histogram => {
  const [histogram] = histograms;
  if (histogram === undefined) throw new Error('no histogram');
  return histogram;
};

function contentOf(buckets: Buckets): number[][] {
  const content: number[][] = [];
  buckets.each((...bucket) => content.push(bucket));
  return content;
}

describe('a histogram against an exactly sorted array', () => {
  it('has every percentile within three digits, and never below the exact one', () => {
    fc.assert(
      fc.property(valuesMs, fc.constantFrom(0, 1, 50, 90, 95, 99, 99.9, 100), (values, p) => {
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[rankOf(p, sorted.length) - 1] ?? Number.NaN;
        holding([values], (made) => {
          for (const read of [first(made), first(made).buckets()]) {
            const us = (read.percentileMs(p) ?? Number.NaN) * 1000;
            if (p > 0) expect(us).toBeGreaterThanOrEqual(exact - 1e-6);
            expect(Math.abs(us - exact)).toBeLessThanOrEqual(RELATIVE_ERROR * exact + 1e-6);
          }
        });
      }),
    );
  });

  it('counts what is at or below a limit, give or take the limit`s own bucket', () => {
    fc.assert(
      fc.property(valuesMs, fc.integer({ min: 0, max: 4_000_000 }), (values, limitUs) => {
        const exactBelow = values.filter((us) => us <= limitUs).length;
        const atMost = values.filter((us) => us <= limitUs * (1 + RELATIVE_ERROR)).length;
        holding([values], (made) => {
          const counted = first(made).countAtOrBelowMs(limitUs / 1000);
          expect(counted).toBeGreaterThanOrEqual(exactBelow);
          expect(counted).toBeLessThanOrEqual(atMost);
          expect(first(made).countAboveMs(limitUs / 1000)).toBe(values.length - counted);
        });
      }),
    );
  });

  it('has the mean and the maximum', () => {
    fc.assert(
      fc.property(valuesMs, (values) => {
        const mean = values.reduce((sum, us) => sum + us, 0) / values.length;
        holding([values], (made) => {
          for (const read of [first(made), first(made).buckets()]) {
            expect(Math.abs((read.meanMs() ?? -1) * 1000 - mean)).toBeLessThanOrEqual(
              RELATIVE_ERROR * mean + 1e-6,
            );
          }
          expect(first(made).maxMs()).toBe(Math.max(...values) / 1000);
        });
      }),
    );
  });
});

describe('merging and encoding', () => {
  it('merges associatively, as if all had been recorded in one', () => {
    fc.assert(
      fc.property(valuesMs, valuesMs, valuesMs, (a, b, c) => {
        const left = holding([a, b, c], ([ha, hb, hc]) => {
          if (hb !== undefined) ha?.merge(hb);
          if (hc !== undefined) ha?.merge(hc);
          return ha?.encode();
        });
        const right = holding([a, b, c], ([ha, hb, hc]) => {
          if (hc !== undefined) hb?.merge(hc);
          if (hb !== undefined) ha?.merge(hb);
          return ha?.encode();
        });
        expect(left).toBe(right);
        expect(left).toBe(holding([[...a, ...b, ...c]], (made) => first(made).encode()));
      }),
    );
  });

  it('comes back from its encoding with the same counts', () => {
    fc.assert(
      fc.property(valuesMs, (values) => {
        holding([values], (made) => {
          const encoded = first(made).encode();
          const back = Histogram.decode(encoded);
          expect(back.count).toBe(values.length);
          expect(back.encode()).toBe(encoded);
          back.destroy();
          expect(contentOf(Buckets.decode(encoded))).toEqual(contentOf(first(made).buckets()));
        });
      }),
    );
  });

  it('writes the standard V2 header: cookie, no index offset, range, digits, ratio 1', () => {
    const bytes = Buffer.from(
      holding([[0, 5, 5, 70_000]], (made) => first(made).encode()),
      'base64',
    );
    expect(bytes.readInt32BE(0)).toBe(0x1c849314);
    expect(bytes.readInt32BE(4)).toBe(bytes.length - 8);
    const plain = inflateSync(bytes.subarray(8));
    expect(plain.readInt32BE(0)).toBe(0x1c849313);
    expect(plain.readInt32BE(4)).toBe(plain.length - 40);
    expect(plain.readInt32BE(8)).toBe(0);
    expect(plain.readInt32BE(12)).toBe(3);
    expect(plain.readBigInt64BE(16)).toBe(1n);
    expect(plain.readBigInt64BE(24)).toBe(3_600_000_000n);
    expect(plain.readDoubleBE(32)).toBe(1);
    // Counts from value 0: one 0, four empty (ZigZag of -4 is 7), two 5s (ZigZag 4).
    expect([...plain.subarray(40, 43)]).toEqual([2, 7, 4]);
  });

  it('reads and is read by the reference implementation, whatever range and digits that has', () => {
    const theirs = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: 2 ** 40,
      numberOfSignificantValueDigits: 2,
    });
    for (const us of [0, 10, 1_000, 50_000, 2 ** 39]) theirs.recordValue(us);
    const ours = Histogram.decode(encodeIntoCompressedBase64(theirs));
    expect(ours.count).toBe(5);
    expect(ours.percentileMs(60)).toBeCloseTo(1, 1);
    expect(ours.aboveRange).toBe(1);
    expect(ours.maxMs()).toBe(3_600_000);
    const again = decodeFromCompressedBase64(ours.encode());
    expect(again.totalCount).toBe(5);
    ours.destroy();
  });

  it('refuses what is not a histogram', () => {
    expect(() => Histogram.decode('aGVsbG8gd29ybGQ=')).toThrow(/V2 compressed/);
    expect(() => Buckets.decode('')).toThrow(/V2 compressed/);
  });
});

describe('values that no latency has', () => {
  it('clamps and counts them, and never throws', () => {
    holding([[]], (made) => {
      const histogram = first(made);
      const absurd = [-1, Number.NaN, Number.NEGATIVE_INFINITY, 3_600_001, Number.POSITIVE_INFINITY, 1e300];
      for (const value of absurd) histogram.recordMs(value);
      histogram.recordMs(3_600_000);
      histogram.recordMs(-0.0001);
      expect(histogram.negative).toBe(3);
      expect(histogram.aboveRange).toBe(3);
      expect(histogram.count).toBe(8);
      expect(histogram.countAtOrBelowMs(0)).toBe(4);
      expect(histogram.maxMs()).toBe(3_600_000);
      histogram.reset();
      expect([histogram.count, histogram.negative, histogram.aboveRange]).toEqual([0, 0, 0]);
    });
  });

  it('answers undefined, not 0, where nothing was recorded', () => {
    holding([[]], (made) => {
      expect([first(made).percentileMs(99), first(made).meanMs(), first(made).maxMs()]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
      expect(first(made).buckets().percentileMs(99)).toBeUndefined();
      expect(first(made).countAboveMs(0)).toBe(0);
    });
  });

  it('is destroyed once, and counted while it lives', () => {
    const histogram = new Histogram();
    expect(liveHistograms()).toBe(1);
    histogram.destroy();
    histogram.destroy();
    expect(liveHistograms()).toBe(0);
  });
});
