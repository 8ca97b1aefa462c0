import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type Problem, UsageError } from '../../../harness/errors.ts';
import { withValues } from '../../../harness/scenario/expand.ts';
import { leafPaths } from '../../../harness/scenario/json-schema.ts';
import { type LoadOptions, loadScenario, scenarioFromText } from '../../../harness/scenario/load-file.ts';

function problemsOf(text: string, options: LoadOptions = {}): readonly Problem[] {
  try {
    scenarioFromText(text, 'x.yaml', options);
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  throw new Error('was accepted');
}

const MINIMAL = 'target: { reference: { model: recommender } }\n';

describe('a scenario file', () => {
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

  it('reports three mistakes at once, each where it is', () => {
    const text = `name: three
target:
  reference:
    model: recomender
load:
  poisson: { rate: 200 }
decide:
  solo: ["p99 < 50ms"]
`;
    expect(problemsOf(text)).toEqual([
      {
        file: 'x.yaml',
        line: 4,
        field: 'target.reference.model',
        message:
          'found model "recomender"; bundled: recommender, image-classifier; or a path to an .onnx file',
        advice: 'did you mean recommender?',
      },
      {
        file: 'x.yaml',
        line: 6,
        field: 'load.poisson.rate',
        message: 'found 200; a rate carries its unit',
        advice: 'write 200/s',
      },
      {
        file: 'x.yaml',
        line: 8,
        field: 'decide.solo',
        message: 'unknown field "solo"; allowed: slo, recommend, price, gates',
        advice: 'did you mean slo?',
      },
    ]);
  });

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
    ['events: []', 'events', 'not in this version', 'before'],
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
    ['measure: { duration: 0s }', 'measure.duration', 'longer than nothing', ''],
    ['measure: { trials: 2.5 }', 'measure.trials', 'a whole number from 1', ''],
    ['measure: { order: interleavd }', 'measure.order', 'allowed: interleaved', 'interleaved?'],
    ['workload: { rows: 8 rows }', 'workload.rows', 'a whole number', 'write 8'],
    ['workload: { distinct: some }', 'workload.distinct', 'allowed: all', ''],
    [
      'workload: { inputs: { features: "gauss(0,1)" } }',
      'workload.inputs.features',
      'distribution',
      'normal',
    ],
    ['workload: { inputs: { featurs: "normal(0,1)" } }', 'workload.inputs.featurs', 'no input', 'features'],
    ['decide: { slo: ["throughput > 5/s"] }', 'decide.slo.0', 'may be about p50', ''],
    ['decide: { gates: [{ expect: [] }] }', 'decide.gates.0.expect', 'empty list', ''],
    ['limits: { abort: ["mean > 5ms for 5s"] }', 'limits.abort.0', 'errors or p99', 'p99'],
    ['name: "../up"', 'name', 'a name is letters', ''],
    ['skip: [{ batch: 1 }]', 'skip.0.batch', 'nothing varies', ''],
    [`labels: { git: "\${SCENARIO_NOT_SET}" }`, 'labels', 'SCENARIO_NOT_SET is not set', 'export'],
    ['decide: { gates: [{ where: { load: 30% }, expect: [p99 < 1s] }] }', '', 'known: saturation, 10%', ''],
  ])('refuses %s', (line, field, message, advice) => {
    const [problem, ...others] = problemsOf(`${MINIMAL}${line}\n`);
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ file: 'x.yaml', line: 2 });
    expect(problem?.field).toContain(field);
    expect(problem?.message).toContain(message);
    expect(problem?.advice ?? '').toContain(advice);
  });

  it.each([
    ['{}', 'neither', undefined],
    ['{ url: ftp://h:1, model: m }', 'ftp:// is not in this version', undefined],
    ['{ url: grpc://h:1, model: m }', 'does not go with', 'write protocol: grpc'],
    ['{ url: http://h:1, protocol: grpc, grpc: { method: /s/m } }', 'does not go', 'write grpc://h:1'],
    ['{ url: grpc://h:1, protocol: grpc }', 'the call is required', undefined],
    ['{ url: grpc://h:1, protocol: grpc, grpc: { method: echo } }', 'its service and its name', undefined],
    ['{ url: grpc://h:1, protocol: grpc, model: m, grpc: { method: s/m } }', 'no models', 'leave it out'],
    ['{ url: http://h:1, model: m, grpc: { method: s/m } }', 'protocol: grpc', 'write protocol: grpc'],
    [
      '{ url: grpc://h:1, protocol: grpc, grpc: { method: s/m, message: { hex: "abc" } } }',
      'pairs',
      undefined,
    ],
    [
      '{ url: grpc://h:1, protocol: grpc, grpc: { method: s/m, message: { base64: "a!" } } }',
      'base64',
      undefined,
    ],
    [
      '{ url: grpc://h:1, protocol: grpc, grpc: { method: s/m, message: { hex: ab, file: x } } }',
      'several ways',
      undefined,
    ],
    ['{ url: "http://h:1/v2/models", model: m }', 'host and port', 'write http://h:1'],
    ['{ url: http://h:1 }', 'required', '--model NAME'],
    ['{ reference: { model: recommender }, url: http://h:1 }', 'your own server', undefined],
    ['{ reference: { model: none.onnx } }', 'no such file', undefined],
    ['{ reference: { model: recommender, cache: { kind: local } } }', 'not in this version', undefined],
    ['{ url: http://h:1, model: m, protocol: triton }', 'allowed: oip-rest', undefined],
  ])('refuses target %s', (target, message, advice) => {
    const problems = problemsOf(`target: ${target}\n`);
    expect(problems[0]?.message).toContain(message);
    if (advice !== undefined) expect(problems[0]?.advice).toBe(advice);
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

  it('says where the YAML itself is wrong', () => {
    expect(problemsOf('name: a\nname: b\ntarget: {\n').map(({ line }) => line)).toEqual([2, 4]);
    expect(problemsOf('name: a\n---\nname: b\n')[0]?.message).toContain('second document');
    expect(problemsOf('')[0]?.message).toContain('no fields');
    expect(problemsOf('- a\n')[0]?.message).toContain('no fields');
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

  it('follows anchors to their own line', () => {
    const text = `target: { reference: { model: recommender } }
labels: &t { a: 5 }
workload: { inputs: *t }
`;
    expect(problemsOf(text).map(({ line, field }) => [line, field])).toContainEqual([2, 'labels.a']);
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

it('a limit on the rate of a server of your own needs named rates, not a closed pass', () => {
  const with_ = (load: string) =>
    `name: x\ntarget: { url: "http://127.0.0.1:1", model: m }\nlimits: { maxRate: 100/s }\n${load}`;
  expect(() => scenarioFromText(with_(''), 'x.yaml')).toThrow(/offers your server as much as it takes/);
  expect(() => scenarioFromText(with_('load: { closed: { inFlight: 4 } }\n'), 'x.yaml')).toThrow(/maxRate/);
  const named = scenarioFromText(with_('load: { poisson: { rate: 50/s } }\n'), 'x.yaml');
  expect(named.limits.maxRequestsPerS).toBe(100);
});
