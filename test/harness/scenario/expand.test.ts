import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Axis } from '../../../harness/scenario/axes.ts';
import { combinations, matches, withValues } from '../../../harness/scenario/expand.ts';
import { contentHash } from '../../../harness/scenario/hash.ts';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';

const BASE = 'target: { reference: { model: recommender } }\n';
const vary = (text: string) => scenarioFromText(`${BASE}${text}`, 'x.yaml');

describe('vary', () => {
  it('takes a list, with labels as written', () => {
    const { settings, axes } = vary(
      'vary: { delay: { path: target.reference.batching.maxDelay, values: [0ms, 1.50ms] } }\n',
    );
    expect(axes).toEqual({ delay: ['0ms', '1.50ms'] });
    expect(settings.map(({ target }) => target.kind === 'reference' && target.batching.maxDelayMs)).toEqual([
      0, 1.5,
    ]);
  });

  it('names numbers as they stand in the file, quoted or not', () => {
    const { axes } = vary(
      'vary: { rows: { path: workload.rows, values: [1, 0x10, 32] } }\nskip: [{ rows: "32" }]\n',
    );
    expect(axes).toEqual({ rows: ['1', '0x10', '32'] });
  });

  it('takes labels of its own', () => {
    const { settings, axes } = vary(
      'vary: { gaps: { path: load.ladder.arrivals, values: { regular: even, random: poisson } } }\n',
    );
    expect(axes).toEqual({ gaps: ['regular', 'random'] });
    expect(settings.map(({ load }) => load.open)).toMatchObject([
      { arrivals: 'even' },
      { arrivals: 'poisson' },
    ]);
    expect(settings[0]?.load.closed).toEqual({ inFlight: 64, thinkTimeMs: 0 });
  });

  it('takes several paths under one label', () => {
    const { settings } = vary(`vary:
  shape:
    values:
      "1 x 4 threads":   { target.reference.instances: 1, target.reference.threads: 4 }
      "4 x 1 thread":    { target.reference.instances: 4, target.reference.threads: 1 }
`);
    expect(
      settings.map(({ axes, target }) => [axes.shape, target.kind === 'reference' && target.instances]),
    ).toEqual([
      ['1 x 4 threads', 1],
      ['4 x 1 thread', 4],
    ]);
  });

  it('takes two doors to one server', () => {
    const { settings } = scenarioFromText(
      `target: { url: http://a:1, model: m }
vary: { door: { path: target.url, values: { direct: "http://a:1", proxy: "http://b:2" } } }
`,
      'x.yaml',
    );
    expect(settings.map(({ axes, target }) => [axes.door, target.kind === 'external' && target.url])).toEqual(
      [
        ['direct', 'http://a:1'],
        ['proxy', 'http://b:2'],
      ],
    );
  });

  it('skips by label, and matches gates by label as written', () => {
    const { settings, skipped, decide } = vary(`vary:
  batch: { path: target.reference.batching.maxRows, values: [1, 8] }
  delay: { path: target.reference.batching.maxDelay, values: [0ms, 2ms] }
skip: [{ batch: 1, delay: 2ms }]
decide: { gates: [{ where: { batch: 8, load: 40% }, expect: ["p99 < 1s"] }] }
`);
    expect(settings.map(({ axes }) => axes)).toEqual([
      { batch: '1', delay: '0ms' },
      { batch: '8', delay: '0ms' },
      { batch: '8', delay: '2ms' },
    ]);
    expect(skipped).toEqual([{ batch: '1', delay: '2ms' }]);
    expect(decide.gates).toEqual([{ where: { batch: '8', load: '40%' }, expect: ['p99 < 1s'] }]);
  });

  it.each([
    ['{ a: { path: target.reference.threads } }', 'no values'],
    ['{ a: { path: target.reference.threads, values: [] } }', 'no values'],
    ['{ a: { values: [1] } }', 'no path'],
    ['{ a: { values: { x: 1 } } }', 'no paths under "x"'],
    ['{ a: { path: target.reference.threads, values: [1, 1] } }', 'twice'],
    ['{ a: { path: target.reference.batching, values: [{ maxRows: 1 }] } }', 'needs a name'],
    ['{ a: { path: target.reference.thread, values: [1] } }', 'no field target.reference.thread'],
    ['{ a: { path: target.native.block, values: [1] } }', 'not in this version'],
    ['{ a: { path: measure.duration, values: [1s] } }', 'cannot be varied'],
    ['{ load: { path: target.reference.threads, values: [1] } }', 'cannot be the name'],
    ['{ a: { path: target.reference.threads, values: [1, two] } }', 'found "two"'],
    [
      '{ a: { path: target.reference.threads, values: [1] }, b: { path: target.reference.threads, values: [2] } }',
      'varied by "a" already',
    ],
  ])('refuses %s', (axes, message) => {
    expect(() => vary(`vary: ${axes}\n`)).toThrow(message);
  });

  it('refuses unknown axes and labels, and to skip everything', () => {
    const axis = 'vary: { threads: { path: target.reference.threads, values: [1, 2] } }\n';
    expect(() => vary(`${axis}skip: [{ thread: 1 }]\n`)).toThrow(/known: threads[\s\S]*mean threads/);
    expect(() => vary(`${axis}skip: [{ threads: 3 }]\n`)).toThrow(/label of threads "3"; known: 1, 2/);
    expect(() => vary(`${axis}skip: [{ threads: 1 }, { threads: 2 }]\n`)).toThrow('every setting is skipped');
  });
});

const axesArbitrary = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }).map((sizes) =>
  sizes.map(
    (size, index): Axis => ({
      name: `axis${index}`,
      points: Array.from({ length: size }, (_, value) => ({
        label: String(value),
        sets: [{ path: ['target', `field${index}`], value, from: [] }],
      })),
    }),
  ),
);

describe('combinations', () => {
  it('are the product of the axes, each once', () => {
    fc.assert(
      fc.property(axesArbitrary, (axes) => {
        const all = combinations(axes);
        expect(all).toHaveLength(axes.reduce((product, axis) => product * axis.points.length, 1));
        expect(new Set(all.map(({ axes }) => JSON.stringify(axes))).size).toBe(all.length);
      }),
    );
  });

  it('less those that a rule names', () => {
    fc.assert(
      fc.property(axesArbitrary, fc.nat(), (axes, pick) => {
        const all = combinations(axes);
        const chosen = axes.filter((_, index) => (pick >> index) % 2 === 1);
        const rule = Object.fromEntries(chosen.map((axis) => [axis.name, '0']));
        const free = axes.filter((axis) => !chosen.includes(axis));
        const expected =
          chosen.length === 0 ? 0 : free.reduce((product, axis) => product * axis.points.length, 1);
        expect(all.filter(({ axes }) => matches(rule, axes))).toHaveLength(expected);
      }),
    );
  });

  it('set their values in a copy', () => {
    const content = { target: { field0: 'old' } };
    const changed = withValues(content, [{ path: ['target', 'deep', 'new'], value: 1, from: [] }]);
    expect(changed).toEqual({ target: { field0: 'old', deep: { new: 1 } } });
    expect(content).toEqual({ target: { field0: 'old' } });
  });
});

describe('hash', () => {
  it('ignores the order of keys and nothing else', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (content) => {
        const reversed = Object.fromEntries(Object.entries(content).reverse());
        expect(contentHash(reversed)).toBe(contentHash(content));
      }),
    );
    expect(contentHash([1, 2])).not.toBe(contentHash([2, 1]));
    expect(contentHash({ a: 1 })).not.toBe(contentHash({ a: '1' }));
  });

  it('is of the experiment: not of name, layout, labels or defaults spelt out', () => {
    const { hash } = scenarioFromText(BASE, 'x.yaml');
    const same = {
      name: 'other',
      question: 'Why?',
      labels: { a: 'b' },
      measure: { seed: 7, duration: '4000ms' },
      target: { reference: { batching: { maxDelay: '0s', maxRows: 32 }, model: 'recommender' } },
    };
    expect(scenarioFromText(stringify(same), 'y.yaml').hash).toBe(hash);
    expect(scenarioFromText(`${BASE}measure: { seed: 8 }\n`, 'x.yaml').hash).not.toBe(hash);
    expect(scenarioFromText(`${BASE}decide: { slo: [p99 < 5ms] }\n`, 'x.yaml').hash).not.toBe(hash);
  });
});
