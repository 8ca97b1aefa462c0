import type { PayloadSpec, WorkloadSpec } from './workload-spec.ts';

/** What a workload sends, in words; undefined for the plain one, of which there is nothing to tell. */
export function workloadWords(workload: WorkloadSpec): string | undefined {
  const { mix, validate } = workload;
  const classes = (mix ?? []).map(({ name, share, model, ...own }) => {
    const asks = model === undefined || model === name ? '' : ` (${model})`;
    return [`${percent(share)} ${name}${asks}`, ...payloadWords(own)].join(', ');
  });
  const words = [
    ...(mix === undefined ? payloadWords(workload) : [`a mix of ${classes.join('; ')}`]),
    ...(validate === undefined ? [] : [`${percent(validate.share)} of the answers are compared`]),
  ];
  return words.length === 0 ? undefined : words.join('; ');
}

function payloadWords({ rows, distinct, keys, from }: PayloadSpec): string[] {
  return [
    ...(typeof rows === 'number' ? [] : [rowWords(rows)]),
    ...(from === undefined ? [] : [`requests of ${from.written}`]),
    ...(keys === undefined ? [] : [keyWords(keys)]),
    ...(keys === undefined && distinct !== 'all' ? [`${distinct} payloads in turn`] : []),
  ];
}

function rowWords(rows: Exclude<PayloadSpec['rows'], number>): string {
  const mean = rows.reduce((sum, { rows: count, share }) => sum + count * share, 0);
  const counts = rows.map(({ rows: count }) => count);
  return `${Math.min(...counts)} to ${Math.max(...counts)} rows, ${Number(mean.toPrecision(3))} on average`;
}

function keyWords(keys: NonNullable<PayloadSpec['keys']>): string {
  if (keys.distribution === 'once') return 'no payload twice';
  const over = keys.keys === undefined ? 'all of them' : `${keys.keys.toLocaleString('en-US')} payloads`;
  return keys.distribution === 'uniform'
    ? `${over}, equally popular`
    : `${over} by Zipf's law, s = ${keys.s}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
