import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseServerConfig, serverConfig } from '../../reference-server/config.ts';
import { StartupError } from '../../reference-server/errors.ts';
import { settingsOf } from '../../reference-server/model-settings.ts';

const models = [{ name: 'm', source: 'm.onnx' }];

describe('parseServerConfig', () => {
  test('every field but the models has a default', () => {
    expect(parseServerConfig(JSON.stringify({ models }))).toEqual({
      host: '127.0.0.1',
      port: 8000,
      grpcPingMs: 15_000,
      models,
      repository: { mode: 'none', load: [], pollMs: 15_000 },
      instances: 1,
      threads: 1,
      provider: 'auto',
      batching: {
        maxRows: 32,
        maxDelayMs: 0,
        preferredRows: [],
        allowedRows: [],
        maxQueueRows: 512,
        inFlight: 1,
      },
      queue: {
        timeoutMs: 0,
        timeoutAction: 'reject',
        allowTimeoutOverride: false,
        priorityLevels: 1,
        levels: [],
      },
      cache: {
        kind: 'off',
        maxBytes: 64 * 1024 * 1024,
        ttlMs: 0,
        singleFlight: true,
        prefix: 'inferometer',
        waitMs: 20,
      },
      placement: 'auto',
      auth: {},
      limits: {
        concurrent: 0,
        concurrentPerCaller: 0,
        connections: 0,
        retryAfterMs: 1000,
        headerBytes: 16_384,
        headersMs: 60_000,
        requestMs: 300_000,
        answerMs: 120_000,
      },
      bodyLimitBytes: 67_108_864,
      drainMs: 30_000,
      accessLog: false,
    });
  });

  test('every problem is named at once', () => {
    const thrown = thrownBy({ models, port: 70_000, provider: 'gpu', batching: { maxRows: 0 }, treads: 2 });
    expect(thrown.exitCode).toBe(3);
    expect(thrown.message).toContain('4 problems');
    for (const field of ['port:', 'provider:', 'batching.maxRows:', 'treads']) {
      expect(thrown.message).toContain(field);
    }
  });

  test.each([
    [{ models: [] }, 'models: must name at least one model'],
    [{ models: [...models, ...models] }, 'models: must not use one name twice'],
    [{ models: [{ name: 'a/b', source: 'x' }] }, 'models.0.name: may only hold letters'],
    [
      { models, batching: { maxRows: 8, maxQueueRows: 4 } },
      'batching.maxQueueRows: must be at least maxRows',
    ],
    [{ models, batching: { preferredRows: [8, 4] } }, 'batching.preferredRows: must be in ascending order'],
    [{ models, batching: { maxRows: 8, preferredRows: [16] } }, 'must not have a size above maxRows (8)'],
    [
      { models, batching: { maxRows: 8, allowedRows: [4] } },
      'batching.allowedRows: must end with maxRows (8)',
    ],
    [
      { models, placement: 'inline', instances: 2 },
      'models.0.placement: must not be inline with more than one',
    ],
    [{ models, queue: { timeoutAction: 'drop' } }, 'queue.timeoutAction: '],
    [
      { models, queue: { priorityLevels: 2, defaultPriority: 3 } },
      'queue.defaultPriority: must be at most priorityLevels (2)',
    ],
    [{ models, queue: { levels: [{ priority: 2 }] } }, 'queue.levels.0.priority: must be at most'],
    [
      { models, queue: { levels: [{ priority: 1 }, { priority: 1 }] } },
      'queue.levels.1.priority: must not be given twice',
    ],
    [{ models, tls: { certFile: 'a.pem' } }, 'tls.keyFile: '],
    [{ models, auth: { tokens: 'secret' } }, 'auth.tokens: must be {file: path} or {env: NAME}'],
    [{ models, limits: { headersMs: 5 } }, 'limits.headersMs: '],
    [
      { models, limits: { concurency: 5 } },
      'limits.concurency: there is no such field; did you mean concurrent?',
    ],
    [{ models, cache: { kind: 'disk' } }, 'cache.kind: '],
    [{ models, cache: { maxBytes: 0, ttlMs: -1 } }, 'cache.ttlMs: '],
    [{ models, cache: { kind: 'redis' } }, 'cache.url: must say where the Redis is'],
    [{ models, cache: { kind: 'redis', url: 'http://a:1' } }, 'cache.url: must be redis://host:port'],
    [{ models, cache: { password: 'x' } }, 'cache.password: must be {file: path} or {env: NAME}'],
    [{ models, cache: { prefix: 'a*' } }, 'cache.prefix: may only hold'],
    [
      { models: [{ ...models[0], cache: { kind: 'redis' } }] },
      'models.0.cache.url: must say where the Redis is',
    ],
    [{ models: [{ ...models[0], cache: { ttl: 5 } }] }, 'models.0.cache.ttl: there is no such field'],
  ])('%j', (config, message) => {
    expect(thrownBy(config).message).toContain(message);
  });

  test('a model says for itself whether and how its answers are kept, the server says the rest', () => {
    const server = parseServerConfig(JSON.stringify({ models, cache: { kind: 'local', ttlMs: 5 } }));
    expect(settingsOf(server, { cache: { maxBytes: 9 } })).toMatchObject({
      cache: { kind: 'local', maxBytes: 9, ttlMs: 5 },
    });
    expect(settingsOf(server, { cache: { kind: 'off' } })).toMatchObject({ cache: { kind: 'off' } });
  });

  test('what is not JSON says so', () => {
    expect(() => parseServerConfig('{')).toThrow('the configuration is not JSON');
  });
});

describe('a configuration file', () => {
  const problemsOf = (yaml: string) => {
    try {
      parseServerConfig(yaml, 'server.yaml');
    } catch (error) {
      if (error instanceof StartupError) return error.message;
      throw error;
    }
    return '';
  };

  test('every problem has its line, its field, and the name that was meant', () => {
    const message = problemsOf(`models:
  - { name: a, source: a.onnx, instances: 0 }
  - name: b
    sorce: b.onnx
prot: 80
batching:
  maxRows: 8
  maxQueueRows: 4
repository: { mode: often }
`);
    for (const words of [
      'server.yaml:2: models.0.instances: ',
      'server.yaml:4: models.1.sorce: there is no such field; did you mean source?',
      'server.yaml:3: models.1.source: ',
      'server.yaml:5: prot: there is no such field; did you mean port?',
      'server.yaml:9: repository.mode: ',
    ]) {
      expect(message).toContain(words);
    }
    expect(problemsOf('port: 1\nmodels: [')).toMatch(/server.yaml:\d: /);
    expect(problemsOf('port: 1')).toContain('models: must name at least one model, unless repository.path');
    expect(problemsOf('[1]')).toContain('server.yaml:1: ');
  });

  test("a model's own settings, checked together with the server's", () => {
    const config = parseServerConfig(
      'models: [{ name: a, source: a.onnx, threads: 2, batching: { maxRows: 600 } }]\nthreads: 1',
      'server.yaml',
    );
    expect(config.models[0]).toMatchObject({ threads: 2, batching: { maxRows: 600 } });
    expect(
      problemsOf('models:\n  - name: a\n    source: a.onnx\n    batching: { maxRows: 8, maxQueueRows: 4 }'),
    ).toContain('server.yaml:4: models.0.batching.maxQueueRows: must be at least maxRows');
  });

  test('the documented one says the defaults, and every field there is', () => {
    const file = fileURLToPath(new URL('../../reference-server/server.yaml', import.meta.url));
    const text = readFileSync(file, 'utf8');
    const source = 'recommender';
    const least = parseServerConfig(JSON.stringify({ models: [{ name: source, source }] }));
    expect(parseServerConfig(text, file)).toEqual(least);
    const named = new Set([...text.matchAll(/([A-Za-z]+):/g)].map(([, name]) => name));
    const fields = namesIn(z.toJSONSchema(serverConfig, { io: 'input' }));
    expect([...fields].filter((field) => !named.has(field))).toEqual([]);
  });
});

/** The names of all fields of a JSON schema, those within others included. */
function namesIn(schema: unknown): Set<string> {
  if (typeof schema !== 'object' || schema === null) return new Set();
  const found = Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties'
      ? [...Object.keys(value), ...Object.values(value).flatMap((each) => [...namesIn(each)])]
      : [...namesIn(value)],
  );
  return new Set(found);
}

function thrownBy(config: unknown): StartupError {
  try {
    parseServerConfig(JSON.stringify(config));
  } catch (error) {
    if (error instanceof StartupError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
