import { describe, expect, it } from 'vitest';
import { seededRandom, standardNormal } from '../../../harness/load/random.ts';
import type { ProbeRun } from '../../../harness/record/search-record.ts';
import { nextStep, type SearchPlan } from '../../../harness/search/capacity-planner.ts';
import {
  analyticCapacity,
  type DeterministicQueue,
  lateShare,
  PLAN,
  type SimulatedSearch,
  simulatedRun,
  simulatedSearch,
} from '../../support/simulated-capacity.ts';

/** p90 < 12 ms over a service time of 2 ms: about 80 % busy at its capacity. */
const QUEUE: DeterministicQueue = { serviceMs: 2, boundMs: 12, allowed: 0.1 };
const TRUTH = analyticCapacity(QUEUE);
const SEEDS = Array.from({ length: 10 }, (_, index) => 1 + 1000 * index);
/** Long enough to reach the precision that is asked for. */
const PATIENT: SearchPlan = { ...PLAN, budgetMs: 400_000 };

const offTruth = ({ answer }: SimulatedSearch) => (answer.estimate?.requestsPerS ?? 0) / TRUTH - 1;
const probesOf = ({ runs }: SimulatedSearch) => runs.filter(({ kind }) => kind === 'probe');

/** A run whose promise is kept or broken at every rate, without a queue behind it. */
function flat(outcome: 'pass' | 'breach'): Parameters<typeof simulatedSearch>[1] {
  return (step) => {
    const of = Math.round((step.requestsPerS * step.durationMs) / 1000);
    const bad = outcome === 'pass' ? 0 : of;
    return {
      ...simulatedRun({ ...step, requestsPerS: 10 }, QUEUE),
      ...step,
      offeredPerS: step.requestsPerS,
      counts: [{ expression: 'p90 < 12ms', bad, of, allowed: 0.1 }],
      outcome,
      overloaded: false,
    };
  };
}

const unclear = (run: ProbeRun, clientLimited: boolean): ProbeRun => ({
  ...run,
  outcome: 'unclear',
  why: 'the client was late',
  clientLimited,
});

describe('the analytic answer', () => {
  it('is where the allowed share of an M/D/1 queue is late, as a simulated one agrees', () => {
    expect(lateShare(TRUTH, QUEUE)).toBeCloseTo(0.1, 9);
    const long = simulatedRun({ kind: 'probe', requestsPerS: TRUTH, durationMs: 2_000_000, seed: 1 }, QUEUE);
    const [count] = long.counts;
    expect((count?.bad ?? 0) / (count?.of ?? 1)).toBeCloseTo(0.1, 1.7);
  });
});

describe('the capacity planner', () => {
  it('finds the analytic capacity of M/D/1 within 5 % for 10 seeds of 10, and stops at its precision', () => {
    const found = SEEDS.map((seed) =>
      simulatedSearch({ ...PATIENT, seed }, (step) => simulatedRun(step, QUEUE)),
    );
    expect(Math.max(...found.map((one) => Math.abs(offTruth(one))))).toBeLessThan(0.05);
    for (const { answer } of found) {
      expect(answer).toMatchObject({ end: 'precision', broke: 'p90 < 12ms' });
      const { lowPerS = 0, highPerS = 0, requestsPerS = 0 } = answer.estimate ?? {};
      expect((highPerS - lowPerS) / requestsPerS).toBeLessThanOrEqual(0.05);
      expect(answer.provenPerS).toBeLessThanOrEqual(requestsPerS);
      expect(answer.highestPassPerS).toBeLessThan(answer.lowestBreachPerS ?? 0);
    }
  });

  it('puts the analytic capacity into its 90 % interval', () => {
    const inside = Array.from({ length: 24 }, (_, index) => 50_000 + 777 * index).filter((seed) => {
      const { answer } = simulatedSearch({ ...PLAN, seed }, (step) => simulatedRun(step, QUEUE));
      return (
        (answer.estimate?.lowPerS ?? 0) <= TRUTH &&
        TRUTH <= (answer.estimate?.highPerS ?? Number.POSITIVE_INFINITY)
      );
    });
    expect(inside.length).toBeGreaterThanOrEqual(22);
  });

  it('finds it on a machine that is a little faster or slower at every run', () => {
    const random = seededRandom(5);
    const found = SEEDS.slice(0, 3).map((seed) =>
      simulatedSearch({ ...PATIENT, seed }, (step) =>
        simulatedRun(step, { ...QUEUE, serviceMs: 2 * (1 + 0.02 * standardNormal(random)) }),
      ),
    );
    expect(Math.max(...found.map((one) => Math.abs(offTruth(one))))).toBeLessThan(0.05);
  });

  it('repeats a probe that is neither pass nor breach once, and finds it all the same', () => {
    const found = simulatedSearch(PATIENT, (step, { length }) =>
      length % 4 === 1 ? unclear(simulatedRun(step, QUEUE), length % 8 === 1) : simulatedRun(step, QUEUE),
    );
    expect(Math.abs(offTruth(found))).toBeLessThan(0.05);
    for (const [at, run] of found.runs.entries()) {
      if (run.outcome !== 'unclear' || run.kind === 'verdict') continue;
      expect(found.runs[at + 1]).toMatchObject({ requestsPerS: run.requestsPerS, seed: run.seed });
    }
  });

  it('takes overload as a breach where few are late yet: a patient bound breaks at saturation', () => {
    const patient = { serviceMs: 2, boundMs: 30_000, allowed: 0.01 };
    const { answer } = simulatedSearch(PLAN, (step) => simulatedRun(step, patient));
    expect(answer.estimate?.requestsPerS ?? answer.highestPassPerS).toBeGreaterThan(450);
    expect(answer.highestPassPerS).toBeLessThan(520);
  });

  it('judges several bounds by the tightest', () => {
    const { answer } = simulatedSearch(PATIENT, (step) => {
      const loose = simulatedRun(step, { ...QUEUE, boundMs: 100, allowed: 0.01 });
      const tight = simulatedRun(step, QUEUE);
      return { ...tight, counts: [...loose.counts, ...tight.counts] };
    });
    expect(Math.abs((answer.estimate?.requestsPerS ?? 0) / TRUTH - 1)).toBeLessThan(0.05);
    expect(answer.broke).toBe('p90 < 12ms');
  });

  it('stops where the client is the limit, and claims nothing beyond it', () => {
    const found = simulatedSearch(PLAN, (step) => {
      const run = flat('pass')(step, []);
      return step.requestsPerS > 700 ? unclear(run, true) : run;
    });
    expect(found.answer).toMatchObject({ end: 'client' });
    expect(found.answer.highestPassPerS).toBeGreaterThan(600);
    expect(found.answer.provenPerS).toBeLessThanOrEqual(700);
    expect(found.answer.estimate).toBeUndefined();
  });

  it('never offers more than the limit to a server that never breaks', () => {
    const found = simulatedSearch({ ...PLAN, maxPerS: 1234.5678 }, flat('pass'));
    expect(Math.max(...found.runs.map(({ requestsPerS }) => requestsPerS))).toBe(1234.5678);
    expect(found.answer).toEqual({ end: 'max-rate', highestPassPerS: 1234.5678, provenPerS: 1234.5678 });
  });

  it('says that nothing holds where every rate breaks, without a verdict', () => {
    const { answer, runs } = simulatedSearch(PLAN, flat('breach'));
    expect(answer).toMatchObject({ end: 'none-holds', broke: 'p90 < 12ms' });
    expect(answer.provenPerS).toBeUndefined();
    expect(runs.length).toBeLessThan(8);
  });

  it('gives up where no run can be believed', () => {
    const { answer, runs } = simulatedSearch(PLAN, (step) => unclear(simulatedRun(step, QUEUE), true));
    expect(answer).toEqual({ end: 'client' });
    expect(runs.length).toBeLessThanOrEqual(12);
  });

  it('finds it where a third of the runs cannot be believed, whatever their rate', () => {
    const random = seededRandom(9);
    const found = SEEDS.slice(0, 4).map((seed) =>
      simulatedSearch({ ...PATIENT, seed }, (step) => {
        const run = simulatedRun(step, QUEUE);
        return random() < 1 / 3 ? unclear(run, true) : run;
      }),
    );
    expect(Math.max(...found.map((one) => Math.abs(offTruth(one))))).toBeLessThan(0.05);
  });

  it('begins again after a time in which no run could be believed', () => {
    const found = simulatedSearch(PATIENT, (step, { length }) =>
      length < 7 ? unclear(simulatedRun(step, QUEUE), true) : simulatedRun(step, QUEUE),
    );
    expect(Math.abs(offTruth(found))).toBeLessThan(0.05);
  });

  it('keeps to its time', () => {
    const found = simulatedSearch({ ...PLAN, budgetMs: 20_000 }, (step) => simulatedRun(step, QUEUE));
    expect(probesOf(found).reduce((sum, { tookMs }) => sum + tookMs, 0)).toBeLessThanOrEqual(20_000);
    expect(found.answer.end).toBe('time');
  });

  it('goes lower when the verdict is not proven, three times at most', () => {
    const never = simulatedSearch(PLAN, (step) => {
      const run = simulatedRun(step, QUEUE);
      return step.kind === 'verdict' ? { ...run, outcome: 'breach' } : run;
    });
    const verdicts = never.runs.filter(({ kind }) => kind === 'verdict').map((run) => run.requestsPerS);
    expect(verdicts).toHaveLength(3);
    expect(verdicts).toEqual([...verdicts].sort((a, b) => b - a));
    expect(never.answer.provenPerS).toBeUndefined();
  });

  it('is a function of its history: the same arrivals at both ends of the bracket', () => {
    const { runs } = simulatedSearch(PLAN, (step) => simulatedRun(step, QUEUE));
    for (const at of [0, 5, runs.length]) {
      expect(nextStep(PLAN, runs.slice(0, at))).toEqual(nextStep(PLAN, runs.slice(0, at)));
    }
    const repeated = runs.filter(
      ({ requestsPerS }) => runs.filter((one) => one.requestsPerS === requestsPerS).length > 3,
    );
    const seeds = new Map<number, number[]>();
    for (const { requestsPerS, seed } of repeated)
      seeds.set(requestsPerS, [...(seeds.get(requestsPerS) ?? []), seed]);
    for (const of of seeds.values()) expect(of).toEqual(of.map((_, index) => PLAN.seed + index));
  });
});
