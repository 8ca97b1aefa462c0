import { describe, expect, it } from 'vitest';
import { eventsIn } from '../../../harness/run/plan/events-in.ts';
import { ANY_SATURATION, closedCases, openCases } from '../../../harness/run/plan/plan.ts';
import { changeWords } from '../../../harness/scenario/event-spec.ts';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';
import { problemsOfText } from '../../support/refusal.ts';

const HEAD = `target: { reference: { model: recommender, versions: { 2: recommender } } }
vary:
  batch: { path: target.reference.batching.maxRows, values: [1, 8] }
load: { ladder: { steps: [20%, 50%] }, closed: { inFlight: 8 } }
measure: { duration: 10s }
`;

const ROLLOUT = `${HEAD}events:
  - { at: 6s, do: split.set, weights: { 1: 90%, 2: 10% } }
  - { at: 2s, do: model.load, version: 2, in: { batch: 8 } }
  - { at: 7s, do: shadow.set, version: 2, share: 25%, in: { batch: 8, load: 50% } }
  - { at: 8s, do: shadow.set, in: { load: saturation } }
  - { at: 9s, do: model.unload }
`;

describe('the events of a scenario', () => {
  it('are read with their units, in the order in which they happen', () => {
    const { events } = scenarioFromText(ROLLOUT, 'x.yaml');
    expect(events).toEqual([
      { atMs: 2000, in: { batch: '8' }, change: { do: 'model.load', version: '2' } },
      { atMs: 6000, in: {}, change: { do: 'split.set', weights: { 1: 0.9, 2: 0.1 } } },
      {
        atMs: 7000,
        in: { batch: '8', load: '50%' },
        change: { do: 'shadow.set', version: '2', share: 0.25 },
      },
      { atMs: 8000, in: { load: 'saturation' }, change: { do: 'shadow.set' } },
      { atMs: 9000, in: {}, change: { do: 'model.unload' } },
    ]);
    expect(events?.map(({ change }) => changeWords(change))).toEqual([
      'model.load version 2',
      'split.set 1: 90%, 2: 10%',
      'shadow.set version 2, 25% of the requests',
      'shadow.set none',
      'model.unload',
    ]);
  });

  it('happen in the cases that they name; in the closed pass before a ladder only where they name it', () => {
    const scenario = scenarioFromText(ROLLOUT, 'x.yaml');
    const planned = [...closedCases(scenario), ...openCases(scenario, ANY_SATURATION).cases];
    const happening = planned.map((one) => [
      one.id,
      eventsIn(one, scenario.events).map(({ atMs }) => atMs / 1000),
    ]);
    expect(Object.fromEntries(happening)).toEqual({
      'batch=1,load=saturation': [8],
      'batch=8,load=saturation': [8],
      'batch=1,load=20%': [6, 9],
      'batch=1,load=50%': [6, 9],
      'batch=8,load=20%': [2, 6, 9],
      'batch=8,load=50%': [2, 6, 7, 9],
    });
    const [, , first] = planned;
    expect(first && eventsIn({ ...first, probe: true }, scenario.events)).toEqual([]);
  });

  it('happen in a closed loop that stands by itself', () => {
    const text = 'target: { reference: { model: recommender } }\nload: { closed: { inFlight: 4 } }\n';
    const scenario = scenarioFromText(`${text}events: [{ at: 1s, do: model.load }]\n`, 'x.yaml');
    const [only] = closedCases(scenario);
    expect(only && eventsIn(only, scenario.events)).toHaveLength(1);
  });

  it('are part of the experiment', () => {
    const hash = (text: string) => scenarioFromText(text, 'x.yaml').hash;
    expect(hash(ROLLOUT)).toBe(hash(ROLLOUT));
    expect(hash(ROLLOUT)).not.toBe(hash(ROLLOUT.replace('at: 2s', 'at: 3s')));
    expect(hash(`${HEAD}events: []\n`)).toBe(hash(HEAD));
  });

  it('come three times as early in a quick run', () => {
    const { events } = scenarioFromText(ROLLOUT, 'x.yaml', { quick: true });
    expect(events?.map(({ atMs }) => Math.round(atMs))).toEqual([667, 2000, 2333, 2667, 3000]);
  });

  it('are left out, and named, on a server as it is found', () => {
    const { events, leftOut } = scenarioFromText(ROLLOUT, 'x.yaml', {
      url: 'http://h:1',
      model: 'm',
      asFound: true,
    });
    expect(events).toBeUndefined();
    expect(leftOut?.join()).toContain('event split.set');
  });
});

describe('a mistake in an event', () => {
  it.each([
    ['{ at: 1, do: model.load }', 'at', 'a duration carries its unit', 'ms'],
    ['{ at: 10s, do: model.load }', 'at', 'the case is measured for 10 s', 'measure.duration'],
    ['{ at: 1s, do: model.lod }', 'do', 'allowed: model.load', 'did you mean model.load?'],
    ['{ at: 1s, do: model.load, in: { batch: 9 } }', 'in.batch', 'label of batch "9"', ''],
    ['{ at: 1s, do: model.load, in: { load: 51% } }', 'in.load', 'label of load "51%"', '50%'],
    ['{ at: 1s, do: model.load, version: 3 }', 'version', 'no version 3, it has 1, 2', 'versions: { 3:'],
    ['{ at: 1s, do: model.load, weights: { 1: 100% } }', 'weights', 'says nothing about', 'takes version'],
    ['{ at: 1s, do: split.set, weights: { 1: 60%, 2: 60% } }', 'weights', 'come to 100 %', ''],
    ['{ at: 1s, do: split.set, weights: { 1: 60%, 4: 40% } }', 'weights', 'no version 4', ''],
    ['{ at: 1s, do: shadow.set, share: 50% }', 'share', 'a share of no version', 'version: 2'],
    ['{ at: 1s, do: shadow.set, version: 2, share: 150% }', 'share', '100 % at most', ''],
    ['{ at: 1s, do: cache.flush }', 'events.0', 'no cache in this setting', 'kind: local'],
    ['{ at: 1s, do: redis.stop }', 'events.0', 'that the run has started itself', 'kind: redis'],
    ['{ at: 1s, do: replica.kill, replica: 2 }', 'replica', 'one server', 'replicas: 2'],
    ['{ at: 1s, do: replica.kill }', 'events.0', 'found no replica', 'replica: 1'],
  ])('%s', (event, field, message, advice) => {
    const problems = problemsOfText(`${HEAD}events:\n  - ${event}\n`);
    const [problem] = problems;
    expect(problem).toMatchObject({ file: 'x.yaml', line: 7 });
    expect(problem?.field).toContain(field);
    expect(problem?.message).toContain(message);
    expect(problem?.advice ?? '').toContain(advice);
  });

  it('is said of every event at once', () => {
    const events = '[{ at: 1s, do: model.load, version: 3 }, { at: 99s, do: split.set }]';
    expect(problemsOfText(`${HEAD}events: ${events}\n`).map(({ field }) => field)).toEqual([
      'events.0.version',
      'events.1.at',
    ]);
  });

  it('is to want one on a server of one’s own, or within a search', () => {
    const own = 'target: { url: "http://h:1", model: m }\nload: { poisson: { rate: 5/s } }\n';
    expect(problemsOfText(`${own}events: [{ at: 1s, do: model.load }]\n`)).toMatchObject([
      {
        field: 'events.0',
        message: expect.stringContaining('not started from here'),
        advice: expect.stringContaining('--as-found'),
      },
    ]);
    const search =
      'target: { reference: { model: recommender } }\nload: { find: capacity }\ndecide: { slo: ["p99 < 9ms"] }\n';
    expect(problemsOfText(`${search}events: [{ at: 1s, do: model.load }]\n`)).toMatchObject([
      { field: 'events.0.at', message: expect.stringContaining('a search measures') },
    ]);
  });

  it('is a version that is none', () => {
    const text =
      'target: { reference: { model: recommender, versions: { 1: recommender, new: recommender } } }\n';
    expect(problemsOfText(text).map(({ field, message }) => [field, message])).toEqual([
      ['target.reference.versions.1', 'version 1 is model'],
      ['target.reference.versions.new', 'a version is a number, found "new"'],
    ]);
  });
});
