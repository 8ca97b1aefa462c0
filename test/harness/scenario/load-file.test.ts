import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { UsageError } from '../../../harness/errors.ts';
import { withValues } from '../../../harness/scenario/expand.ts';
import { leafPaths } from '../../../harness/scenario/json-schema.ts';
import { loadScenario, scenarioFromText } from '../../../harness/scenario/load-file.ts';

const MINIMAL = 'target: { reference: { model: recommender } }\n';

describe('a scenario file', () => {
  it('reads how the bundled server batches and queues, and varies it', () => {
    const { settings } = scenarioFromText(
      `
target:
  reference:
    model: recommender
    placement: worker
    batching: { maxRows: 16, preferred: [4, 8], allowed: [8, 16], queueTimeout: 50ms, onQueueTimeout: defer }
vary:
  sizes: { path: target.reference.batching.preferred, values: { none: [], two: [4, 8] } }
  wait: { path: target.reference.batching.queueTimeout, values: [20ms] }
  place: { path: target.reference.placement, values: [inline, auto] }
`,
      'mine.yaml',
    );
    const seen = settings.map(
      ({ target }) => target.kind === 'reference' && [target.placement, target.batching],
    );
    const batching = {
      maxRows: 16,
      maxDelayMs: 0,
      maxQueueRows: 512,
      inFlight: 1,
      allowedRows: [8, 16],
      queueTimeoutMs: 20,
      queueTimeoutAction: 'defer',
    };
    expect(seen).toEqual([
      ['inline', { ...batching, preferredRows: [] }],
      ['auto', { ...batching, preferredRows: [] }],
      ['inline', { ...batching, preferredRows: [4, 8] }],
      ['auto', { ...batching, preferredRows: [4, 8] }],
    ]);
  });

  it('defaults everything', () => {
    const { hash, text, ...scenario } = scenarioFromText(MINIMAL, 'dir/mine.yaml');
    expect(hash).toMatch(/^[0-9a-f]{16}$/);
    expect(text).toBe(MINIMAL);
    expect(scenario).toEqual({
      name: 'mine',
      question: '',
      file: 'dir/mine.yaml',
      settings: [
        {
          axes: {},
          target: {
            kind: 'reference',
            model: 'recommender',
            instances: 1,
            threads: 1,
            provider: 'auto',
            batching: { maxRows: 32, maxDelayMs: 0, maxQueueRows: 512, inFlight: 1 },
          },
          workload: { rows: 1, encoding: 'binary', inputs: {}, distinct: 'all' },
          load: {
            open: { kind: 'ladder', arrivals: 'poisson', fractions: [0.1, 0.4, 0.75] },
            closed: { inFlight: 64, thinkTimeMs: 0 },
            engine: 'inferometer',
            transport: 'auto',
            maxInFlight: 2048,
            timeoutMs: 10_000,
          },
        },
      ],
      skipped: [],
      axes: {},
      measure: {
        warmupMs: 1000,
        durationMs: 4000,
        drainMs: 5000,
        trials: 1,
        order: 'interleaved',
        seed: 7,
        rawLog: false,
      },
      decide: { slo: [], price: { machine: 'auto', term: 'on-demand' }, gates: [] },
      limits: { abort: [] },
      labels: {},
    });
  });

  it.each([
    ['closed: { inFlight: 4, thinkTime: 5ms }', { closed: { inFlight: 4, thinkTimeMs: 5 } }],
    ['constant: { rate: 200/s }', { open: { kind: 'rate', arrivals: 'even', requestsPerS: 200 } }],
    ['poisson: { rate: 120/min }', { open: { kind: 'rate', arrivals: 'poisson', requestsPerS: 2 } }],
    ['gamma: { rate: 50/s, cv: 3 }', { open: { kind: 'rate', arrivals: { gamma: 3 }, requestsPerS: 50 } }],
    [
      'ramp: { to: 90/s, over: 30s }, arrivals: even',
      {
        open: {
          kind: 'law',
          arrivals: 'even',
          law: { shape: 'ramp', fromPerS: 0, toPerS: 90, overMs: 30_000 },
        },
      },
    ],
    [
      'stages: [{ hold: 0/s, for: 10s }, { jump: 250/s, for: 30s }, { ramp: 60/min, for: 1s }]',
      {
        open: {
          kind: 'law',
          arrivals: 'poisson',
          law: {
            shape: 'stages',
            stages: [
              { kind: 'hold', toPerS: 0, forMs: 10_000 },
              { kind: 'jump', toPerS: 250, forMs: 30_000 },
              { kind: 'ramp', toPerS: 1, forMs: 1000 },
            ],
          },
        },
      },
    ],
    [
      'sine: { mean: 100/s, amplitude: 80/s, period: 1m }, arrivals: gamma(0.5)',
      {
        open: {
          kind: 'law',
          arrivals: { gamma: 0.5 },
          law: { shape: 'sine', meanPerS: 100, amplitudePerS: 80, periodMs: 60_000 },
        },
      },
    ],
    [
      'burst: { base: 10/s, peak: 200/s, every: 5s, for: 500ms }',
      {
        open: {
          kind: 'law',
          arrivals: 'poisson',
          law: { shape: 'burst', basePerS: 10, peakPerS: 200, everyMs: 5000, forMs: 500 },
        },
      },
    ],
    [
      'ladder: { steps: [50%] }, connections: 3, timeout: 1s, maxInFlight: 9',
      {
        open: { kind: 'ladder', arrivals: 'poisson', fractions: [0.5] },
        closed: { inFlight: 64, thinkTimeMs: 0 },
        connections: 3,
        timeoutMs: 1000,
        maxInFlight: 9,
      },
    ],
  ])('reads load %s', (load, expected) => {
    const scenario = scenarioFromText(`${MINIMAL}load: { ${load} }\n`, 'x.yaml');
    expect(scenario.settings[0]?.load).toEqual({
      engine: 'inferometer',
      transport: 'auto',
      maxInFlight: 2048,
      timeoutMs: 10_000,
      ...expected,
    });
  });

  it('reads limits, an own server and its labels', () => {
    process.env.SCENARIO_TEST = 'abc';
    const scenario = scenarioFromText(
      `target:
  url: http://h:8000/
  model: m
  headers: { authorization: "Bearer \${SCENARIO_TEST}" }
  describe: { machine: aws/g5.xlarge }
load: { poisson: { rate: 200/s } }
limits: { maxRate: 500/s, abort: ["errors > 5% for 5s", "p99 > 2s for 10s"] }
labels: { git: "\${SCENARIO_TEST_UNSET:-none}" }
`,
      'x.yaml',
    );
    expect(scenario.settings[0]?.target).toEqual({
      kind: 'external',
      url: 'http://h:8000',
      protocol: 'oip-rest',
      model: 'm',
      headers: { authorization: 'Bearer abc' },
      machine: 'aws/g5.xlarge',
    });
    expect(scenario.labels).toEqual({ git: 'none' });
    expect(scenario.text).not.toContain('abc');
    expect(scenario.limits).toEqual({
      maxRequestsPerS: 500,
      abort: [
        { expression: 'errors > 5% for 5s', metric: 'errors', above: 0.05, forMs: 5000 },
        { expression: 'p99 > 2s for 10s', metric: 'p99', above: 2000, forMs: 10_000 },
      ],
    });
  });

  it('takes a call of any gRPC service', () => {
    const [setting] = scenarioFromText(
      'target: { url: "grpc://h:8001/", protocol: grpc, grpc: { method: a.B/C, message: { hex: "0a 05" } } }\n',
      'x.yaml',
    ).settings;
    expect(setting?.target).toEqual({
      kind: 'external',
      url: 'grpc://h:8001',
      protocol: 'grpc',
      model: '',
      headers: {},
      grpc: { method: '/a.B/C', call: 'unary', metadata: {}, message: 'CgU=' },
    });
  });

  it('drives the inference protocol over gRPC, in the bundled server too', () => {
    const own = scenarioFromText(
      'target: { url: "grpc://h:8001", protocol: oip-grpc, stream: true, model: m }\n',
      'x.yaml',
    );
    expect(own.settings[0]?.target).toMatchObject({ protocol: 'oip-grpc', stream: true, model: 'm' });
    const bundled = scenarioFromText(
      'target: { reference: { model: recommender }, protocol: oip-grpc }\n',
      'x.yaml',
    );
    expect(bundled.settings[0]?.target).toMatchObject({ kind: 'reference', protocol: 'oip-grpc' });
    const rest = scenarioFromText('target: { reference: { model: recommender } }\n', 'x.yaml');
    expect(rest.settings[0]?.target).not.toHaveProperty('protocol');
    expect(rest.hash).not.toBe(bundled.hash);
  });

  it('answers anything at all with a scenario or with located problems', () => {
    const paths = leafPaths().flatMap((path) => {
      const parts = path.split('.');
      return parts.map((_, depth) => parts.slice(0, depth + 1));
    });
    const axis = { path: 'workload.rows', values: [{}, null, 1] };
    const odd = fc.constantFrom(
      null,
      [null],
      [[]],
      '',
      { a: axis },
      { a: { values: { b: axis } } },
      { a: null },
    );
    const anything = fc.oneof(fc.jsonValue(), odd);
    fc.assert(
      fc.property(fc.constantFrom(...paths), anything, (path, value) => {
        const base = { target: { reference: { model: 'recommender' } } };
        try {
          scenarioFromText(stringify(withValues(base, [{ path, value, from: [] }])), 'x.yaml');
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          for (const { line, message } of error.problems) {
            expect(line).toBeGreaterThan(0);
            expect(message).not.toMatch(/Invalid|expected/);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('names the nearest scenario or file', () => {
    expect(() => loadScenario('bacthing')).toThrow(/known: arrival, batching[\s\S]*mean batching/);
    const folder = mkdtempSync(join(tmpdir(), 'scenario-'));
    try {
      writeFileSync(join(folder, 'ranker.yaml'), MINIMAL);
      expect(loadScenario(join(folder, 'ranker.yaml')).name).toBe('ranker');
      expect(() => loadScenario(join(folder, 'rankr.yaml'))).toThrow(/did you mean .*ranker\.yaml/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
