import { describe, expect, it } from 'vitest';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';
import { outlineOf } from '../../../harness/scenario/outline.ts';

const reference = (cache: string) => `target: { reference: { model: recommender, cache: ${cache} } }\n`;
const cacheOf = (text: string) =>
  scenarioFromText(text, 'mine.yaml').settings.map(({ target }) =>
    target.kind === 'reference' ? target.cache : null,
  );

describe('target.reference.cache', () => {
  it.each([
    ['{ kind: off }', { kind: 'off' }],
    ['{}', { kind: 'off' }],
    ['{ kind: local }', { kind: 'local', maxBytes: 64 * 2 ** 20, singleFlight: true }],
    [
      '{ kind: local, size: 2MiB, ttl: 1m, singleFlight: false }',
      { kind: 'local', maxBytes: 2 * 2 ** 20, ttlMs: 60_000, singleFlight: false },
    ],
    ['{ kind: redis }', { kind: 'redis', maxBytes: 64 * 2 ** 20, singleFlight: true }],
    [
      '{ kind: redis, url: "redis://cache:6379/1", ttl: 5s, wait: 5ms, password: { env: REDIS } }',
      {
        kind: 'redis',
        url: 'redis://cache:6379/1',
        ttlMs: 5000,
        singleFlight: true,
        waitMs: 5,
        passwordEnv: 'REDIS',
      },
    ],
  ])('%s', (written, expected) => {
    expect(cacheOf(reference(written))).toEqual([expected]);
  });

  it('left out, there is none to ask for', () => {
    expect(cacheOf('target: { reference: { model: recommender } }\n')).toEqual([undefined]);
  });

  it.each([
    ['{ kind: lokal }', 'did you mean local?'],
    ['{ kind: local, size: 64 }', 'write 64MiB'],
    ['{ kind: local, size: 0B }', 'above zero'],
    ['{ kind: local, ttl: 0s }', 'longer than nothing'],
    ['{ kind: redis, url: "http://cache" }', 'as in redis://127.0.0.1:6379'],
    ['{ kind: redis, url: "redis://:secret@cache" }', 'password: { env: NAME }'],
    ['{ kind: redis, url: "redis://cache", size: 1GiB }', 'has its own bound'],
    ['{ kind: redis, password: { env: REDIS } }', 'the Redis that the run starts has none'],
    ['{ kind: local, url: "redis://cache" }', 'kind: redis'],
    ['{ kind: local, onFailure: miss }', 'a store that fails is always a miss'],
  ])('refuses %s: %s', (written, message) => {
    expect(() => scenarioFromText(reference(written), 'mine.yaml')).toThrow(message);
  });
});

describe('workload.changeEvery', () => {
  const text = (workload: string, rest = '') =>
    `${reference('{ kind: local }')}workload: ${workload}\n${rest}`;
  const read = (written: string) =>
    scenarioFromText(text(`{ changeEvery: ${written} }`), 'mine.yaml').settings[0]?.workload;

  it.each([
    ['10s', [10_000]],
    ['[1s, 500ms, 2m]', [1000, 500, 120_000]],
  ])('%s', (written, changeEveryMs) => {
    expect(read(written)).toMatchObject({ changeEveryMs });
  });

  it('left out, nothing is counted; written, it is another experiment', () => {
    expect(read('10s')).not.toEqual(scenarioFromText(text('{}'), 'mine.yaml').settings[0]?.workload);
    const hashes = ['{}', '{ changeEvery: 10s }', '{ changeEvery: 20s }'].map(
      (written) => scenarioFromText(text(written), 'mine.yaml').hash,
    );
    expect(new Set(hashes).size).toBe(3);
  });

  it.each([
    ['10', 'or 10s'],
    ['0s', 'above zero'],
    ['[]', 'at most 8'],
    ['[1s, 1000ms]', 'different'],
    ['[1s, soon]', 'found "soon"'],
  ])('refuses %s: %s', (written, message) => {
    expect(() => read(written)).toThrow(message);
  });

  it('is about the bundled server, and about our own engine', () => {
    const external = 'target: { url: "http://127.0.0.1:1", model: m }\nworkload: { changeEvery: 1s }\n';
    expect(() => scenarioFromText(external, 'mine.yaml')).toThrow('only the bundled server says how old');
    const peer = text('{ changeEvery: 1s }', 'load: { engine: autocannon, closed: { inFlight: 2 } }\n');
    expect(() => scenarioFromText(peer, 'mine.yaml')).toThrow('autocannon judges answers by their status');
  });

  it.each([
    'report: [staleness]',
    'gates: [{ expect: ["stale < 1%"] }]',
    'gates: [{ expect: ["cache.staleRate < 1%"] }]',
  ])('must be there for %s', (decide) => {
    const asking = (workload: string) => () =>
      scenarioFromText(text(workload, `decide: { ${decide} }\n`), 'mine.yaml');
    expect(asking('{}')).toThrow('as in changeEvery: 10s');
    expect(asking('{ changeEvery: 10s }')).not.toThrow();
  });
});

const CACHES = `vary:
  cache:
    path: target.reference.cache
    values:
      none: { kind: "off" }
      local: { kind: local, size: 8MiB }
  popularity:
    path: workload.keys
    values:
      once: { distribution: once }
      zipf: { distribution: zipf, s: 1, keys: 1000 }
`;

describe('values with names, which are maps', () => {
  const text = `target: { reference: { model: recommender } }\n${CACHES}`;

  it('are every combination, each with what its names stand for', () => {
    const { settings } = scenarioFromText(text, 'mine.yaml');
    const told = settings.map(({ axes, target, workload }) => [
      axes,
      target.kind === 'reference' ? target.cache : undefined,
      workload.keys,
    ]);
    const local = { kind: 'local', maxBytes: 8 * 2 ** 20, singleFlight: true };
    const zipf = { distribution: 'zipf', s: 1, keys: 1000 };
    expect(told).toEqual([
      [{ cache: 'none', popularity: 'once' }, { kind: 'off' }, { distribution: 'once' }],
      [{ cache: 'none', popularity: 'zipf' }, { kind: 'off' }, zipf],
      [{ cache: 'local', popularity: 'once' }, local, { distribution: 'once' }],
      [{ cache: 'local', popularity: 'zipf' }, local, zipf],
    ]);
  });

  it('are told by explain where the whole map varies', () => {
    const varied = outlineOf(text, 'mine.yaml').filter(({ origin }) => origin.startsWith('varies'));
    expect(varied.map(({ path, value }) => `${path.join('.')}: ${value}`)).toEqual([
      'target.reference.cache: none · local',
      'workload.keys: once · zipf',
    ]);
  });

  it('refuse a second axis that sets a field within the map, or the map around it', () => {
    const inner = '  size: { path: target.reference.cache.size, values: [1MiB, 2MiB] }\n';
    expect(() => scenarioFromText(`${text}${inner}`, 'mine.yaml')).toThrow(
      'target.reference.cache, which overlaps with target.reference.cache.size, is varied by "cache" already',
    );
    const first = text.replace('vary:\n', `vary:\n${inner}`);
    expect(() => scenarioFromText(first, 'mine.yaml')).toThrow('is varied by "size" already');
  });

  it('a field that this version lacks is told as such, however deep it is varied', () => {
    const deep = 'vary: { a: { path: target.reference.cache.onFailure, values: [miss, error] } }\n';
    expect(() => scenarioFromText(`${reference('{}')}${deep}`, 'mine.yaml')).toThrow(
      'is not in this version',
    );
  });
});
