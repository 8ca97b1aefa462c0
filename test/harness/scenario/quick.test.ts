import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { meanPerS, rateLaw } from '../../../harness/load/rate-law.ts';
import { replaySchedule } from '../../../harness/load/replay.ts';
import { resolvedLaw } from '../../../harness/run/plan/offered-load.ts';
import { openCases } from '../../../harness/run/plan/plan.ts';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';
import type { LoadSpec } from '../../../harness/scenario/load-spec.ts';
import { lengthMsOf, peakPerSOf } from '../../../harness/scenario/rate-law.ts';

const folder = mkdtempSync(join(tmpdir(), 'quick-'));
afterAll(() => rmSync(folder, { recursive: true }));

function scenario(load: string, { quick = true, set = [] as string[], rest = '' } = {}) {
  const text = `target: { url: "http://h:1", model: m }\nload: ${load}\n${rest}`;
  return scenarioFromText(text, join(folder, 'x.yaml'), { quick, set });
}

function openOf(...given: Parameters<typeof scenario>): NonNullable<LoadSpec['open']> {
  const open = scenario(...given).settings[0]?.load.open;
  if (open === undefined) throw new Error('no open load');
  return open;
}

function lawOf(...given: Parameters<typeof scenario>) {
  const open = openOf(...given);
  if (open.kind !== 'law') throw new Error(open.kind);
  return resolvedLaw(open.law, undefined);
}

const STAGES = 'stages: [{ hold: 50/s, for: 20s }, { jump: 250/s, for: 700ms }, { ramp: 0/s, for: 3m }]';

describe('a quick run', () => {
  it.each([
    [
      '{ ramp: { from: 10/s, to: 90/s, over: 30s } }',
      { shape: 'ramp', fromPerS: 10, toPerS: 90, overMs: 10_000 },
    ],
    [
      `{ ${STAGES} }`,
      {
        shape: 'stages',
        stages: [
          { kind: 'hold', toPerS: 50, forMs: 6667 },
          { kind: 'jump', toPerS: 250, forMs: 233 },
          { kind: 'ramp', toPerS: 0, forMs: 60_000 },
        ],
      },
    ],
    [
      '{ sine: { mean: 9/s, amplitude: 5/s, period: 60s } }',
      { shape: 'sine', meanPerS: 9, amplitudePerS: 5, periodMs: 20_000 },
    ],
    [
      '{ burst: { peak: 90/s, every: 10s, for: 1s } }',
      { shape: 'burst', basePerS: 0, peakPerS: 90, everyMs: 3333.33, forMs: 333.333 },
    ],
  ])('of %s keeps the rates in a third of the time', (load, law) => {
    expect(lawOf(load)).toEqual(law);
    const full = lawOf(load, { quick: false });
    expect(peakPerSOf(lawOf(load))).toBe(peakPerSOf(full));
  });

  it('has the same mean rate, whatever the stages', () => {
    const stage = fc.record({
      kind: fc.constantFrom('hold', 'jump', 'ramp'),
      perS: fc.integer({ min: 1, max: 500 }),
      s: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(fc.array(stage, { minLength: 1, maxLength: 6 }), (stages) => {
        const load = `{ stages: [${stages.map(({ kind, perS, s }) => `{ ${kind}: ${perS}/s, for: ${s}s }`).join(', ')}] }`;
        const [full, quick] = [false, true].map((is) => {
          const law = lawOf(load, { quick: is });
          const lengthMs = lengthMsOf(law) ?? 0;
          return { lengthMs, meanPerS: meanPerS(rateLaw(law), lengthMs) };
        });
        expect((quick?.lengthMs ?? 0) * 3).toBeCloseTo(full?.lengthMs ?? 0, -1.4);
        expect((quick?.meanPerS ?? 0) / (full?.meanPerS ?? 0)).toBeCloseTo(1, 2);
      }),
      { numRuns: 50 },
    );
  });

  it('shortens what an axis sets, with or without a path, and what an alias stands for', () => {
    const varied = `target: { url: "http://h:1", model: m }
load: { ramp: { to: 90/s, over: 30s } }
vary:
  shape:
    path: load
    values:
      up:   &up { ramp: { to: 90/s, over: 30s } }
      same: *up
`;
    const read = scenarioFromText(varied, 'x.yaml', { quick: true });
    expect(read.settings.map(({ load }) => load.open)).toMatchObject([
      { law: { overMs: 10_000 } },
      { law: { overMs: 10_000 } },
    ]);
    const several = varied.replace(
      /vary:[\s\S]*/,
      `vary: { over: { values: { a: { load.ramp.over: 3s }, b: { load.ramp.over: 6s } } } }`,
    );
    const lengths = scenarioFromText(several, 'x.yaml', { quick: true }).settings.map(
      ({ load }) => load.open,
    );
    expect(lengths).toMatchObject([{ law: { overMs: 1000 } }, { law: { overMs: 2000 } }]);
  });

  it('keeps the labels of a varied time, which rules and gates name', () => {
    const text = `target: { url: "http://h:1", model: m }
load: { ramp: { to: 90/s, over: 30s } }
vary: { over: { path: load.ramp.over, values: [30s, 60s] } }
decide: { gates: [{ where: { over: 60s }, expect: ["p99 < 1s"] }] }
`;
    const { axes, settings } = scenarioFromText(text, 'x.yaml', { quick: true });
    expect(axes).toEqual({ over: ['30s', '60s'] });
    expect(settings.map(({ load }) => load.open)).toMatchObject([
      { law: { overMs: 10_000 } },
      { law: { overMs: 20_000 } },
    ]);
  });

  it('of a recording sends each third arrival, three times as fast, with the payload that it had', () => {
    const rows = Array.from({ length: 90 }, (_, row) => `${row * 100}`);
    writeFileSync(join(folder, 'even.csv'), `atMs\n${rows.join('\n')}\n`);
    const full = openCases(scenario('{ replay: { file: even.csv } }', { quick: false }), undefined).cases[0];
    const quick = openCases(scenario('{ replay: { file: even.csv } }'), undefined).cases[0];
    expect(full?.durationMs).toBe(8901);
    expect(quick?.durationMs).toBe(2901);
    expect(quick?.load.resolvedRate).toBeCloseTo(30_000 / 2901, 3);
    expect(quick?.load.law).toMatchObject({
      words: 'replay of 30 arrivals from even.csv, 1 in 3, offsets x 0.333334',
      peakPerS: 10,
      spec: { rows: 30, every: 3 },
    });
    const load = { file: join(folder, 'even.csv'), timeScale: 1 / 3, every: 3, warmupPerS: 1, leadMs: 0 };
    const schedule = replaySchedule(load);
    const seen = Array.from({ length: 31 }, () => [Math.round(schedule.next()), schedule.payload?.()]);
    expect(seen.slice(0, 30)).toEqual(Array.from({ length: 30 }, (_, at) => [at * 100, at * 3]));
    expect(seen[30]?.[0]).toBe(Number.POSITIVE_INFINITY);
  });

  it('shortens a search and a run until it is precise, within what may stand together', () => {
    const find = '{ find: capacity }';
    const promise = { rest: 'decide: { slo: ["p99 < 50ms"] }\n' };
    expect(openOf(find, promise)).toMatchObject({ atMostMs: 20_000 });
    expect(openOf('{ find: capacity, atMost: 6s }', promise)).toMatchObject({ atMostMs: 2000 });
    const stop = { rest: 'measure: { duration: 4s, stop: { precision: 5%, of: p99, maxDuration: 200s } }\n' };
    expect(scenario('{ poisson: { rate: 5/s } }', stop).measure).toMatchObject({
      durationMs: 1300,
      stop: { maxDurationMs: 65_000 },
    });
  });

  it('leaves alone what the command line said', () => {
    const set = ['load.ramp.over=9s'];
    expect(lawOf('{ ramp: { to: 90/s, over: 30s } }', { set })).toMatchObject({ overMs: 9000 });
    expect(
      lawOf('{ ramp: { to: 90/s, over: 30s } }', { set: ['load={ramp: {to: 5/s, over: 6s}}'] }),
    ).toMatchObject({
      overMs: 6000,
    });
  });

  it('says so, and its text is what ran', () => {
    const quick = scenario(`{ ${STAGES} }`);
    expect(quick.quick).toBe(true);
    expect(scenario(`{ ${STAGES} }`, { quick: false }).quick).toBeUndefined();
    expect(scenarioFromText(quick.text, 'again.yaml').hash).toBe(quick.hash);
  });

  it('still tells mistakes where they stand', () => {
    expect(() => scenario('{ ramp: { to: 90/s, over: 30 } }')).toThrow(/x\.yaml:2[\s\S]*write 30ms or 30s/);
    expect(() => scenario('5')).toThrow(/fields of its own/);
  });
});
