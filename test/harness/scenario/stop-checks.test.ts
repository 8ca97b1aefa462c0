import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../harness/errors.ts';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';

const MINE = 'target: { url: "http://127.0.0.1:1", model: m }\n';

function refused(text: string): string[] {
  try {
    scenarioFromText(MINE + text, 'x.yaml');
    return [];
  } catch (error) {
    if (error instanceof UsageError)
      return error.problems.map(({ field, message }) => `${field}: ${message}`);
    throw error;
  }
}

describe('measure.stop', () => {
  it('measures until a percentile is precise; left out, for the duration', () => {
    const { measure, hash } = scenarioFromText(`${MINE}measure: { stop: {} }\n`, 'x.yaml');
    expect(measure).toMatchObject({
      durationMs: 4000,
      stop: { precision: 0.05, of: 'p99', maxDurationMs: 60_000 },
    });
    const plain = scenarioFromText(MINE, 'x.yaml');
    expect(plain.measure).not.toHaveProperty('stop');
    expect(plain.hash).not.toBe(hash);
  });

  it.each([
    [
      'load: { poisson: { rate: 50/s } }\nmeasure: { stop: { precision: 10%, of: p95, maxDuration: 2m } }',
      [],
    ],
    ['load: { closed: { inFlight: 4 } }\nmeasure: { stop: {}, rawLog: true }', []],
    ['load: { ramp: { from: 1/s, to: 9/s, over: 9s } }\nmeasure: { stop: {} }', ['found stop beside ramp']],
    ['load: { mlperf: { scenario: single-stream } }\nmeasure: { stop: {} }', ['found stop beside mlperf']],
    ['load: { find: capacity }\ndecide: { slo: ["p99 < 9ms"] }\nmeasure: { stop: {} }', ['beside find']],
    ['load: { engine: autocannon, closed: {} }\nmeasure: { stop: {} }', ['autocannon has no response times']],
    [
      'measure: { duration: 60s, stop: { maxDuration: 30s } }',
      ['found 30s, no longer than measure.duration'],
    ],
    ['measure: { duration: 1s, stop: { maxDuration: 60s } }', ['more than 50 times measure.duration']],
    ['measure: { stop: { of: p98 } }', ['allowed: p50, p90, p95, p99, p999']],
    // All at once.
    [
      'load: { burst: { base: 1/s, peak: 9/s, every: 9s, for: 1s } }\nmeasure: { duration: 60s, stop: {} }',
      ['found stop beside burst', 'no longer than measure.duration'],
    ],
  ])('%s', (text, messages) => {
    expect(refused(`${text}\n`)).toEqual(messages.map((message) => expect.stringContaining(message)));
  });
});
