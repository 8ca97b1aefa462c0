import type { CaseRecord } from '../record/case-record.ts';
import { effectiveNumber } from './settings.ts';

/**
 * The batching that a case ran with, as each serving system writes it; also the cache if it had one, and how many of what
 * computes where that is not one of each. Empty where the target does not say what it runs. TF Serving and TorchServe
 * have no response cache. A setting is carried over as it is: whether it is the best one there has to be measured there.
 */
export function configToPaste(record: CaseRecord): Record<string, string> {
  const maxRows = effectiveNumber(record, 'batching.maxRows');
  if (maxRows === undefined) return {};
  const maxDelayMs = effectiveNumber(record, 'batching.maxDelayMs') ?? 0;
  const instances = effectiveNumber(record, 'instances') ?? 1;
  const cached = (record.target.effective['cache.kind'] ?? 'off') !== 'off';
  return {
    Inferometer: [
      ...ourShape(record),
      `batching: { maxRows: ${maxRows}, maxDelay: ${maxDelayMs}ms }`,
      ...(cached ? [ourCache(record)] : []),
    ].join('\n'),
    Triton: [
      triton(maxRows, maxDelayMs),
      ...(instances > 1 ? [`instance_group [ { count: ${instances} } ]`] : []),
      ...(cached ? ['response_cache { enable: true }'] : []),
    ].join('\n'),
    'TF Serving': tfServing(maxRows, maxDelayMs, instances),
    TorchServe: torchServe(maxRows, maxDelayMs),
  };
}

function ourShape(record: CaseRecord): string[] {
  const names = ['replicas', 'instances', 'threads'];
  return names.flatMap((name) => {
    const count = effectiveNumber(record, name) ?? 1;
    return count > 1 ? [`${name}: ${count}`] : [];
  });
}

/** A Redis that the run started for itself has no address that would outlive it. */
function ourCache(record: CaseRecord): string {
  const { effective } = record.target;
  const [bytes, ttlMs, waitMs] = ['maxBytes', 'ttlMs', 'waitMs'].map((name) =>
    effectiveNumber(record, `cache.${name}`),
  );
  const url = String(effective['cache.url'] ?? '');
  const parts = [
    `kind: ${String(effective['cache.kind'])}`,
    ...(/^rediss?:/.test(url) ? [`url: "${url}"`] : []),
    ...(bytes === undefined ? [] : [`size: ${bytes}B`]),
    ...(ttlMs === undefined ? [] : [`ttl: ${ttlMs}ms`]),
    ...(effective['cache.singleFlight'] === false ? ['singleFlight: false'] : []),
    ...(waitMs === undefined ? [] : [`wait: ${waitMs}ms`]),
  ];
  return `cache: { ${parts.join(', ')} }`;
}

/** config.pbtxt. Without `dynamic_batching` Triton forms no batches, whatever max_batch_size allows a request. */
function triton(maxRows: number, maxDelayMs: number): string {
  const head = `max_batch_size: ${maxRows}`;
  if (maxRows <= 1) return `${head}\n# no dynamic_batching block: requests are not batched`;
  const delay = `  max_queue_delay_microseconds: ${Math.round(maxDelayMs * 1000)}`;
  return `${head}\ndynamic_batching {\n${delay}\n}`;
}

/** The text proto of --batching_parameters_file; scalars are wrapped, so `name { value: N }`. */
function tfServing(maxRows: number, maxDelayMs: number, instances: number): string {
  if (maxRows <= 1) return '# start without --enable_batching';
  return [
    '# --enable_batching --batching_parameters_file=batching.txt',
    `max_batch_size { value: ${maxRows} }`,
    `batch_timeout_micros { value: ${Math.round(maxDelayMs * 1000)} }`,
    `num_batch_threads { value: ${instances} }`,
    `max_enqueued_batches { value: ${instances} }`,
  ].join('\n');
}

/** Query of the management API's register call, whose delay is whole milliseconds. */
function torchServe(maxRows: number, maxDelayMs: number): string {
  const delay = maxRows <= 1 ? 0 : Math.max(1, Math.ceil(maxDelayMs));
  const note =
    maxRows > 1 && maxDelayMs < 1
      ? '# a worker fills a batch for up to maxBatchDelay ms after the first request it took; 1 ms is the least\n'
      : '';
  return `${note}batchSize=${maxRows}\nmaxBatchDelay=${delay}`;
}
