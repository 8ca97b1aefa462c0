import { describe, expect, it } from 'vitest';
import { expectRefusal, problemsOfText } from '../../support/refusal.ts';

describe('a scenario file with mistakes', () => {
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
    expect(problemsOfText(text)).toEqual([
      {
        file: 'x.yaml',
        line: 4,
        field: 'target.reference.model',
        message:
          'found model "recomender"; bundled: recommender, image-classifier, image-classifier-pixels, text-sentiment, demand-forecast; or a path to an .onnx file',
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
        message: 'unknown field "solo"; allowed: slo, recommend, report, price, gates',
        advice: 'did you mean slo?',
      },
    ]);
  });

  it.each([
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
  ])('refuses %s', expectRefusal);

  it.each([
    ['{}', 'neither', undefined],
    ['{ url: ftp://h:1, model: m }', 'ftp:// is not in this version', undefined],
    ['{ url: grpc://h:1, model: m }', 'does not go with', 'write protocol: oip-grpc'],
    ['{ url: grpc://h:1 }', 'required', '--model NAME'],
    ['{ url: http://h:1, protocol: oip-grpc, model: m }', 'does not go with', 'write grpc://h:1'],
    ['{ url: grpc://h:1, protocol: oip-grpc }', 'required', '--model NAME'],
    ['{ url: http://h:1, model: m, stream: true }', 'about oip-grpc only', 'protocol: oip-grpc'],
    ['{ reference: { model: recommender }, stream: true }', 'about oip-grpc only', 'protocol: oip-grpc'],
    [
      '{ reference: { model: recommender }, protocol: grpc }',
      'not driven over grpc',
      'protocol: oip-rest, or oip-grpc',
    ],
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
    ['{ reference: { model: recommender, autoscale: { max: 3 } } }', 'unknown field', undefined],
    ['{ reference: { model: recommender }, autoscale: { max: 3 } }', 'not in this version', undefined],
    ['{ url: http://h:1, model: m, protocol: triton }', 'allowed: oip-rest', undefined],
  ])('refuses target %s', (target, message, advice) => {
    const problems = problemsOfText(`target: ${target}\n`);
    expect(problems[0]?.message).toContain(message);
    if (advice !== undefined) expect(problems[0]?.advice).toBe(advice);
  });

  it('says where the YAML itself is wrong', () => {
    expect(problemsOfText('name: a\nname: b\ntarget: {\n').map(({ line }) => line)).toEqual([2, 4]);
    expect(problemsOfText('name: a\n---\nname: b\n')[0]?.message).toContain('second document');
    expect(problemsOfText('')[0]?.message).toContain('no fields');
    expect(problemsOfText('- a\n')[0]?.message).toContain('no fields');
  });

  it('follows anchors to their own line', () => {
    const text = `target: { reference: { model: recommender } }
labels: &t { a: 5 }
workload: { inputs: *t }
`;
    expect(problemsOfText(text).map(({ line, field }) => [line, field])).toContainEqual([2, 'labels.a']);
  });
});
