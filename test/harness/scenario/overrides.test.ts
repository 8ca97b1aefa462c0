import { describe, expect, it } from 'vitest';
import { collapseAxes } from '../../../harness/scenario/as-found.ts';
import { type LoadOptions, loadScenario, scenarioFromText } from '../../../harness/scenario/load-file.ts';

const batching = (options: LoadOptions) => loadScenario('batching', options);
const own = { url: 'http://127.0.0.1:9000', model: 'mine' };

describe('overrides', () => {
  it('set any field, by path or short name', () => {
    const { settings, measure } = batching({
      set: [
        'load.ladder.steps=[50%, 90%]',
        'model=image-classifier',
        'target.reference.threads=2',
        'duration=2s',
      ],
      seed: 11,
      trials: 3,
    });
    expect(settings[0]?.load.open).toMatchObject({ fractions: [0.5, 0.9] });
    expect(settings[0]?.target).toMatchObject({ model: 'image-classifier', threads: 2 });
    expect(measure).toMatchObject({ durationMs: 2000, seed: 11, trials: 3 });
  });

  it('change a varied field where it is varied', () => {
    const set = ['vary.batch.values=[1, 64]', 'skip=[]', 'decide.gates=[]', 'vary.delay.values=[0ms]'];
    expect(batching({ set }).axes).toEqual({ batch: ['1', '64'], delay: ['0ms'] });
    expect(() => batching({ set: ['target.reference.batching.maxRows=4'] })).toThrow(
      "--set 'vary.batch.values=[…]'",
    );
  });

  it('take a third of the time with quick', () => {
    expect(batching({ quick: true }).measure).toMatchObject({ warmupMs: 300, durationMs: 1300, trials: 1 });
    expect(batching({ quick: true, trials: 2, set: ['measure.duration = 9s'] }).measure).toMatchObject({
      warmupMs: 300,
      durationMs: 9000,
      trials: 2,
    });
    expect(batching({ quick: true, set: ['trials=4'] }).measure.trials).toBe(4);
    const defaulted = scenarioFromText('target: { url: http://h:1, model: m }', 'x.yaml', { quick: true });
    expect(defaulted.measure).toMatchObject({ warmupMs: 300, durationMs: 1300 });
  });

  it('are in the text, so that the record can be run again', () => {
    const changed = batching({ set: ['load.timeout=3s'], quick: true });
    expect(changed.hash).not.toBe(batching({}).hash);
    expect(scenarioFromText(changed.text, 'again.yaml').hash).toBe(changed.hash);
    expect(changed.text).toContain('# rows per request');
  });

  it.each([
    ['modle=x', 'did you mean model?'],
    ['load.timeot=3s', 'did you mean load.timeout?'],
    ['timeout=3s', 'did you mean load.timeout?'],
    ['nothing', 'path=value'],
    ['load.timeout=3', 'write 3ms or 3s'],
    ['load.ladder.steps=[1', 'not YAML'],
  ])('refuse --set %s: %s', (text, advice) => {
    expect(() => batching({ set: [text] })).toThrow(advice);
  });

  it('have somewhere to stand, or say that they have not', () => {
    const target = 'target: { url: http://h:1, model: m }\n';
    expect(() => scenarioFromText(`${target}measure: 5\n`, 'x.yaml', { seed: 3, quick: true })).toThrow(
      /above measure\.seed in x\.yaml is not a map/,
    );
    expect(
      scenarioFromText(target, 'x.yaml', { set: ['load.closed.inFlight=3'] }).settings[0]?.load,
    ).toMatchObject({
      closed: { inFlight: 3 },
    });
  });

  it('report themselves and the file together', () => {
    expect(() =>
      scenarioFromText('target: { reference: { model: recomender } }', 'x.yaml', { set: ['load.timeout=3'] }),
    ).toThrow(/command line {2}load\.timeout[\s\S]*x\.yaml:1/);
  });

  it('drive another server', () => {
    const { settings } = loadScenario('capacity', own);
    expect(settings[0]?.target).toMatchObject({ kind: 'external', url: own.url, model: 'mine' });
    expect(loadScenario('capacity', { url: own.url }).settings[0]?.target).toMatchObject({
      model: 'recommender',
    });
    expect(() => loadScenario('capacity', { protocol: 'oip-rest' })).toThrow('--url');
    expect(() => loadScenario('capacity', { ...own, protocol: 'oip-rst' })).toThrow('did you mean oip-rest?');
  });
});

describe('as found', () => {
  it('keeps axes of load, workload and address', () => {
    const axis = (name: string, ...paths: string[]) => ({
      name,
      points: [{ label: 'x', sets: paths.map((path) => ({ path: path.split('.'), value: 1, from: [] })) }],
    });
    const door = axis('door', 'target.url');
    const rows = axis('rows', 'workload.rows');
    const mixed = axis('mixed', 'workload.rows', 'target.reference.threads');
    expect(collapseAxes([door, rows, mixed])).toEqual({ kept: [door, rows], collapsed: [mixed] });
  });

  it('is refused without being asked for, for every axis at once', () => {
    expect(() => batching(own)).toThrow(/vary\.batch[\s\S]*--as-found[\s\S]*vary\.delay[\s\S]*--as-found/);
  });

  it('collapses to one setting and says what it left out', () => {
    const scenario = batching({ ...own, asFound: true });
    expect(scenario.settings.map(({ axes }) => axes)).toEqual([{ 'as found': '…' }]);
    expect(scenario.axes).toEqual({ 'as found': ['…'] });
    expect(scenario.decide.gates).toEqual([]);
    expect(scenario.leftOut).toEqual([expect.stringContaining('batch.meanRows > 4 at batch=32')]);
  });

  it('changes nothing where every axis can be applied', () => {
    const scenario = loadScenario('arrival', { ...own, asFound: true });
    expect(scenario.axes).toEqual({ arrivals: ['even', 'poisson'] });
    expect(scenario.leftOut).toBeUndefined();
  });
});
