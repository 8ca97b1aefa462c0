import { expect, test } from 'vitest';
import { configToPaste } from '../../../harness/gates/config-to-paste.ts';
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

test('what computes is said where it is more than one of each', () => {
  const [record] = plantRecord({
    steps: { '40%': 600 },
    settings: [{ axes: { batch: '32', delay: '0ms' }, saturation: 700, p99: ['24'], meanBatch: 2 }],
  }).cases;
  if (record === undefined) throw new Error('nothing planted');
  const shaped = (shape: Record<string, number>) =>
    configToPaste({
      ...record,
      target: { ...record.target, effective: { ...record.target.effective, ...shape } },
    });
  expect(shaped({ replicas: 2, instances: 1, threads: 1 }).Inferometer).toMatch(/^replicas: 2\nbatching: /);
  const two = shaped({ instances: 2, threads: 4 });
  expect(two.Inferometer).toMatch(/^instances: 2\nthreads: 4\nbatching: /);
  expect(two.Triton).toContain('\ninstance_group [ { count: 2 } ]');
});
