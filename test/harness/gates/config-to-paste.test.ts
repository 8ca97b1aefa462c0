import { expect, test } from 'vitest';
import { configToPaste } from '../../../harness/gates/config-to-paste.ts';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';
import { plantRecord } from '../../support/planted-records.ts';

function configOf(batch: string, delay: string) {
  const record = plantRecord({
    steps: { '40%': 600 },
    settings: [{ axes: { batch, delay }, saturation: 700, p99: ['24'], meanBatch: 2 }],
  }).cases[0];
  if (record === undefined) throw new Error('nothing planted');
  return configToPaste(record);
}

test('a batch size and a delay, as each system writes them and in its unit', () => {
  expect(configOf('32', '2ms')).toEqual({
    Inferometer: 'batching: { maxRows: 32, maxDelay: 2ms }',
    Triton: 'max_batch_size: 32\ndynamic_batching {\n  max_queue_delay_microseconds: 2000\n}',
    'TF Serving':
      '# --enable_batching --batching_parameters_file=batching.txt\nmax_batch_size { value: 32 }\nbatch_timeout_micros { value: 2000 }\nnum_batch_threads { value: 1 }\nmax_enqueued_batches { value: 1 }',
    TorchServe: 'batchSize=32\nmaxBatchDelay=2',
  });
});

test('no batching is said by leaving the batcher out', () => {
  const config = configOf('1', '0ms');
  expect(config.Triton).not.toMatch(/^dynamic_batching \{/m);
  expect(config['TF Serving']).toBe('# start without --enable_batching');
  expect(config.TorchServe).toBe('batchSize=1\nmaxBatchDelay=0');
});

/** A case that ran with these settings. */
function ranWith(settings: Readonly<Record<string, unknown>>) {
  const [record] = plantRecord({
    steps: { '40%': 600 },
    settings: [{ axes: { batch: '32', delay: '0ms' }, saturation: 700, p99: ['24'], meanBatch: 2 }],
  }).cases;
  if (record === undefined) throw new Error('nothing planted');
  const effective = { ...record.target.effective, ...settings };
  return configToPaste({ ...record, target: { ...record.target, effective } });
}

test.each([
  [{ kind: 'local', maxBytes: 67_108_864, singleFlight: true }],
  [{ kind: 'local', maxBytes: 1000, ttlMs: 1500, singleFlight: false }],
  [{ kind: 'redis', url: 'redis://cache:6379/1', ttlMs: 60_000, singleFlight: true, waitMs: 5 }],
])('a cache is written as a scenario reads it: %o', (cache) => {
  const effective = Object.fromEntries(
    Object.entries(cache).map(([name, value]) => [`cache.${name}`, value]),
  );
  const { Inferometer: pasted = '', Triton } = ranWith(effective);
  const file = `target:\n  reference:\n    model: recommender\n    ${pasted.replaceAll('\n', '\n    ')}\n`;
  const [setting] = scenarioFromText(file, 'pasted.yaml').settings;
  expect(setting?.target).toMatchObject({ batching: { maxRows: 32 }, cache });
  expect(Triton).toMatch(/^response_cache \{ enable: true \}$/m);
});

test('where there is no cache, or one that the run started for itself, no address is written', () => {
  expect(ranWith({ 'cache.kind': 'off' }).Inferometer).not.toContain('cache');
  const own = { 'cache.kind': 'redis', 'cache.url': 'its own', 'cache.maxBytes': 1000, 'cache.waitMs': 20 };
  expect(ranWith(own).Inferometer).toMatch(/^cache: \{ kind: redis, size: 1000B, wait: 20ms \}$/m);
});

test('what computes is said where it is more than one of each', () => {
  expect(ranWith({ replicas: 2, instances: 1, threads: 1 }).Inferometer).toMatch(/^replicas: 2\nbatching: /);
  const two = ranWith({ instances: 2, threads: 4 });
  expect(two.Inferometer).toMatch(/^instances: 2\nthreads: 4\nbatching: /);
  expect(two.Triton).toContain('\ninstance_group [ { count: 2 } ]');
});
