import { describe, expect, it } from 'vitest';
import { dryRunPlan } from '../../../../harness/commands/dry-run-plan.ts';
import { assignmentFor } from '../../../../harness/run/plan/assignment.ts';
import { resolvedLaw } from '../../../../harness/run/plan/offered-load.ts';
import { closedCases, openCases } from '../../../../harness/run/plan/plan.ts';
import { openPass } from '../../../../harness/run/session/open-pass.ts';
import { scenarioFromText } from '../../../../harness/scenario/load-file.ts';
import { loadLabels } from '../../../../harness/scenario/load-labels.ts';
import type { RunningTarget } from '../../../../harness/targets/target.ts';
import { expectRefusal } from '../../../support/refusal.ts';

const SATURATION = { requestsPerS: 1429.6, caseId: 'load=saturation' };

function scenario(load: string, rest = '') {
  return scenarioFromText(`target: { reference: { model: recommender } }\nload: ${load}\n${rest}`, 'x.yaml');
}

describe('rates as shares of the saturation', () => {
  it.each([
    ['{ ramp: { from: 10%, to: 75%, over: 30s } }', { fromPerS: 143, toPerS: 1072 }, 1072],
    ['{ ramp: { to: 150%, over: 30s } }', { fromPerS: 0, toPerS: 2144 }, 2144],
    [
      '{ stages: [{ hold: 20/s, for: 1s }, { jump: 50%, for: 1s }, { ramp: 0%, for: 1s }] }',
      { stages: [{ toPerS: 20 }, { toPerS: 715 }, { toPerS: 0 }] },
      715,
    ],
    ['{ sine: { mean: 40%, amplitude: 20%, period: 10s } }', { meanPerS: 572, amplitudePerS: 286 }, 858],
    ['{ burst: { base: 20/s, peak: 90%, every: 5s, for: 1s } }', { basePerS: 20, peakPerS: 1287 }, 1287],
  ])('%s becomes requests/s when the closed pass is over', (load, law, peakPerS) => {
    const read = scenario(load);
    expect(closedCases(read)).toHaveLength(1);
    const [planned] = openCases(read, SATURATION).cases;
    expect(planned?.load.law).toMatchObject({ spec: law, peakPerS });
    expect(planned?.load.law?.sharesOf).toMatchObject({ ofRate: 1429.6, ofCase: 'load=saturation' });
    expect(planned?.load.law?.sharesOf?.words).toContain('%');
    expect(planned?.load.law?.words).not.toContain('%');
    if (planned === undefined) throw new Error('nothing planned');
    const target = { endpoint: { url: 'http://h:1' }, spec: planned.setting.target, model: {} };
    const driven = assignmentFor({ planned, trial: 0 }, read, target as unknown as RunningTarget, {
      runId: 'r',
      runFolder: 'f',
    });
    expect(driven.load).toMatchObject({ shape: 'law', law });
  });

  it('a law in requests/s needs no closed pass and records no shares', () => {
    const read = scenario('{ ramp: { to: 90/s, over: 30s } }');
    expect(closedCases(read)).toEqual([]);
    expect(openCases(read, undefined).cases[0]?.load.law?.sharesOf).toBeUndefined();
    expect(() => resolvedLaw({ shape: 'constant', perS: { share: 0.5 } }, undefined)).toThrow(/saturation/);
  });

  it('are labelled beside the saturation, and varied like any load', () => {
    const read = scenario(
      '{ poisson: { rate: 5/s } }',
      'vary: { shape: { path: load, values: { up: { ramp: { to: 50%, over: 3s } }, flat: { poisson: { rate: 5/s } } } } }\n',
    );
    expect(read.settings.map(({ load }) => loadLabels(load))).toEqual([['saturation', 'ramp'], ['5/s']]);
  });

  it('are told as such before the run', () => {
    const plan = dryRunPlan(scenario('{ ramp: { from: 10%, to: 75%, over: 30s } }'), 'no-such-folder');
    expect(plan.ratesFrom).toBe(
      'ramp from 10% to 75% over 30 s; poisson arrivals; shares of the best saturation, which the run measures first',
    );
    expect(plan.requests).toBeUndefined();
    expect(plan.loads).toMatchObject([{ label: 'ramp', requestsPerS: undefined, peakPerS: undefined }]);
  });

  it('are refused where the closed pass carried nothing', () => {
    const read = scenario('{ ramp: { to: 75%, over: 30s } }');
    expect(() => openPass(read, [])).toThrow(/no rate that shares could be of/);
  });

  it('keep the limit of a server of your own', () => {
    const limited = (load: string) =>
      scenarioFromText(
        `target: { url: "http://h:1", model: m }\nlimits: { maxRate: 100/s }\nload: ${load}\n`,
        'x.yaml',
      );
    expect(() => limited('{ ramp: { to: 75%, over: 30s } }')).toThrow(/as much as it takes/);
    expect(limited('{ ramp: { to: 75/s, over: 30s } }').limits.maxRequestsPerS).toBe(100);
  });

  it.each([
    ['load: { sine: { mean: 40%, amplitude: 9/s, period: 1s } }', 'load.sine.amplitude', 'compared', 'both'],
    [
      'load: { sine: { mean: 40%, amplitude: 60%, period: 1s } }',
      'load.sine.amplitude',
      'below',
      'at most 40%',
    ],
    ['load: { ramp: { to: 0%, over: 1s } }', 'load.ramp', 'nothing would ever', '50/s'],
    ['load: { burst: { peak: 0%, every: 2s, for: 1s } }', 'load.burst.peak', 'above zero', ''],
    ['load: { ramp: { to: 40, over: 1s } }', 'load.ramp.to', 'carries its unit', 'write 40/s or 40%'],
    [
      'load: { poisson: { rate: 40% } }',
      'load.poisson.rate',
      'requests per second',
      'ladder: { steps: [40%]',
    ],
  ])('refuses %s', expectRefusal);
});
