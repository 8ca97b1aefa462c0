import { describe, expect, it } from 'vitest';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';
import { expectRefusal } from '../../support/refusal.ts';

describe('a load that cannot be', () => {
  it.each([
    ['load: { find: capacity }', 'load.find', 'no promise', 'decide: { slo'],
    ['load: { atMost: 9s, poisson: { rate: 5/s } }', 'load.atMost', 'without find', 'find'],
    ['load: { find: speed }\ndecide: { slo: ["p99 < 5ms"] }', 'load.find', 'allowed: capacity', ''],
    [
      'load: { find: capacity, closed: {} }\ndecide: { slo: ["p99 < 5ms"] }',
      'load.closed',
      'waits for answers',
      'leave',
    ],
    ['load: { poisson: { rate: 2/s }, constant: { rate: 2/s } }', 'load.poisson', 'one of them', 'keep'],
    ['load: { stages: [{ hold: 5/s }] }', 'load.stages.0.for', 'required', ''],
    ['load: { stages: [{ hold: 5/s, jump: 6/s, for: 1s }] }', 'load.stages.0', 'hold and jump', 'hold: 50/s'],
    ['load: { stages: [{ for: 1s }] }', 'load.stages.0', 'no rate', 'hold: 50/s'],
    ['load: { stages: [{ hold: 0/s, for: 1s }] }', 'load.stages', 'nothing would ever', '50/s'],
    ['load: { stages: [{ hold: 5/s, fr: 1s, for: 1s }] }', 'load.stages.0.fr', 'unknown field', 'mean for?'],
    ['load: { ramp: { to: 0/s, over: 1s } }', 'load.ramp', 'nothing would ever', '50/s'],
    ['load: { ramp: { to: 5, over: 1s } }', 'load.ramp.to', 'carries its unit', '5/s'],
    [
      'load: { sine: { mean: 5/s, amplitude: 6/s, period: 1s } }',
      'load.sine.amplitude',
      'below',
      'at most 5/s',
    ],
    ['load: { burst: { peak: 5/s, every: 1s, for: 1s } }', 'load.burst.for', 'shorter', 'constant'],
    ['load: { gamma: { rate: 5/s, cv: 0 } }', 'load.gamma.cv', '0.05 to 20', 'bursts'],
    ['load: { ladder: { arrivals: gamma(50) } }', 'load.ladder.arrivals', 'gamma(cv)', '20'],
    [
      'load: { mlperf: { scenario: server } }\ndecide: { slo: ["p99 < 1s"] }',
      'load.mlperf',
      'server needs one',
      '200/s',
    ],
    ['load: { mlperf: { scenario: server, rate: 5/s } }', 'load.mlperf', 'latency promise', 'p99'],
    ['load: { mlperf: { scenario: offline, rate: 5/s } }', 'load.mlperf.rate', 'does not have', 'samples'],
    ['load: { mlperf: { scenario: single } }', 'load.mlperf.scenario', 'single-stream', ''],
    ['load: { mlperf: { scenario: offline }, closed: {} }', 'load.closed', 'beside mlperf', 'leave it out'],
    ['load: { poisson: { rate: 5/s }, arrivals: even }', 'load.arrivals', 'without find, ramp', 'constant'],
    ['load: { ladder: { steps: [] } }', 'load.ladder.steps', 'empty list', ''],
    ['load: 5', 'load', 'fields of its own', ''],
    ['load:', 'load', 'fields of its own', ''],
  ])('refuses %s', expectRefusal);

  it('a limit on the rate of a server of your own needs named rates, not a closed pass', () => {
    const with_ = (load: string) =>
      `name: x\ntarget: { url: "http://127.0.0.1:1", model: m }\nlimits: { maxRate: 100/s }\n${load}`;
    expect(() => scenarioFromText(with_(''), 'x.yaml')).toThrow(/offers your server as much as it takes/);
    expect(() => scenarioFromText(with_('load: { closed: { inFlight: 4 } }\n'), 'x.yaml')).toThrow(/maxRate/);
    const named = scenarioFromText(with_('load: { poisson: { rate: 50/s } }\n'), 'x.yaml');
    expect(named.limits.maxRequestsPerS).toBe(100);
  });
});
