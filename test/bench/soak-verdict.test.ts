import { describe, expect, it } from 'vitest';
import type { MemoryRun } from './memory-run.ts';
import { soakProblems, soakWindows } from './soak-verdict.ts';

/** A run of so many seconds at 50,000 requests/s, sampled twice a second. */
function run(
  tookS: number,
  bytesAt: (atS: number) => number,
  says: Partial<MemoryRun['says']> = {},
): MemoryRun {
  const requests = 50_000 * tookS;
  return {
    requests,
    tookS,
    samples: Array.from({ length: 2 * tookS }, (_, nth) => {
      const atS = (nth + 1) / 2;
      return { atS, requests: 50_000 * atS, bytes: bytesAt(atS) };
    }),
    says: {
      ok: requests,
      failed: 0,
      dispatchLagP99Ms: 0,
      generatorCpuCores: 1,
      undestroyedHistograms: 0,
      ...says,
    },
  };
}

const MIB = 2 ** 20;
const flat = () => 150 * MIB;

describe('the verdict on a soak', () => {
  it('looks at the first minute without its start, and at the last tenth; of a short run at its first half', () => {
    expect(soakWindows(run(200, flat).samples, 200)).toMatchObject({
      early: { fromS: 15, toS: 60 },
      late: { fromS: 180, toS: 200 },
    });
    expect(soakWindows(run(8, flat).samples, 8).early).toMatchObject({ fromS: 1, toS: 4 });
  });

  it('finds nothing in a run that keeps nothing', () => {
    expect(soakProblems(run(200, flat), 10_000_000)).toEqual([]);
    expect(
      soakProblems(
        run(200, (atS) => (atS < 10 ? 60 : 150) * MIB),
        10_000_000,
      ),
    ).toEqual([]);
  });

  it('finds a few bytes kept of each request, and says how many', () => {
    const leak = (each: number) => (atS: number) => 150 * MIB + each * 50_000 * atS;
    expect(soakProblems(run(200, leak(1)), 10_000_000)).toEqual([]);
    expect(soakProblems(run(200, leak(4)), 10_000_000)).toEqual([
      'memory grew to 1.19 times that of the first minute, about 4 bytes a request',
    ]);
    expect(soakProblems(run(8, leak(200)), 100_000)[0]).toMatch(/about 20\d bytes a request/);
  });

  it('tells memory that falls from memory that grows', () => {
    const [problem] = soakProblems(
      run(200, (atS) => (atS < 90 ? 150 : 110) * MIB),
      10_000_000,
    );
    expect(problem).toContain('memory fell to 0.73 times');
  });

  it('names what is missing: requests, answers, samples, histograms', () => {
    expect(soakProblems(run(100, flat), 10_000_000)[0]).toContain('5000000 of 10000000 requests were made');
    expect(soakProblems(run(200, flat, { ok: 9_999_999, failed: 1 }), 1)).toHaveLength(2);
    expect(soakProblems(run(200, flat, { undestroyedHistograms: 3 }), 1)[0]).toContain('3 histograms');
    expect(soakProblems({ ...run(1, flat), samples: [] }, 1)[0]).toContain('too short a run');
  });
});
