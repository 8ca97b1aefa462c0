import { describe, expect, test } from 'vitest';
import { announced, configOf, refuseFlagsBesideFile } from '../../../harness/commands/serve.ts';

const flags = {
  model: [],
  control: 'none',
  host: '127.0.0.1',
  port: 8000,
  instances: 1,
  threads: 1,
  provider: 'auto',
  batching: { maxRows: 32, maxDelayMs: 0, maxQueueRows: 512, inFlight: 1 },
};

describe('serve', () => {
  test.each([
    [{}, [{ name: 'recommender', source: 'recommender' }], { mode: 'none' }],
    [{ model: ['nets/ranker.onnx'] }, [{ name: 'ranker', source: 'nets/ranker.onnx' }], { mode: 'none' }],
    [{ models: 'folder' }, [], { path: 'folder', mode: 'none', load: [] }],
    [{ models: 'folder', control: 'explicit' }, [], { path: 'folder', mode: 'explicit', load: ['*'] }],
  ])('%j', (given, models, repository) => {
    expect(configOf({ ...flags, ...given })).toMatchObject({ models, repository });
  });

  test('a file says everything: flags beside it are refused, all at once', () => {
    const words = ['serve', '--config', 's.yaml', '--port=1', '--max-rows', '8'];
    expect(() => refuseFlagsBesideFile('s.yaml', words)).toThrow(/--port[\s\S]*--max-rows/);
    expect(() => refuseFlagsBesideFile('s.yaml', ['serve', '--config', 's.yaml'])).not.toThrow();
    expect(() => refuseFlagsBesideFile(undefined, words)).not.toThrow();
  });

  test('what is said when the server listens', () => {
    const listening = 'http://127.0.0.1:8000';
    const serving = announced(JSON.stringify({ listening, models: ['a', 'b'], providerRan: 'cpu' }));
    expect(serving).toContain(`Serving a, b at ${listening} (provider cpu).`);
    expect(serving).toContain(`run capacity --url ${listening} --model a`);
    const empty = announced(JSON.stringify({ listening, models: [] }));
    expect(empty).toContain(`Serving no model yet at ${listening}. Ctrl-C`);
    expect(empty).toContain('/v2/repository/index');
  });
});
