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
