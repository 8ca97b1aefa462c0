import type { CaseRecord } from '../record/case-record.ts';
import type { MlperfRecord } from '../record/load-record.ts';
import { formatCount, formatMs } from '../record/wording.ts';
import type { Expression } from '../scenario/expression.ts';
import { Buckets } from '../statistics/buckets.ts';
import { estimateRank, provesBound } from '../statistics/early-stopping.ts';

/**
 * What an MLPerf scenario reports, in LoadGen's words: a percentile's early-stopping estimate for the streams, valid or
 * invalid for the server, samples per second offline. Undefined for any other load.
 */
export function mlperfResult(
  record: Omit<CaseRecord, 'cost' | 'gates'>,
  slo: readonly Expression[],
): MlperfRecord | undefined {
  const asked = record.load.mlperf;
  switch (asked?.scenario) {
    case undefined:
      return undefined;
    case 'offline':
      return offline(record);
    case 'server':
      return server(record, slo);
    default:
      return stream(record, asked?.percentile ?? 0.9);
  }
}

type Measured = Parameters<typeof mlperfResult>[0];

function stream(record: Measured, percentile: number): MlperfRecord {
  const { scenario = 'single-stream' } = record.load.mlperf ?? {};
  const queries = record.counts.scheduled;
  const name = `${Number((percentile * 100).toFixed(3))}th percentile`;
  const what = scenario === 'multi-stream' ? `${name} query latency` : `${name} latency`;
  const { needed, rank } = estimateRank({ queries, percentile, designEffect: effectOf(record, percentile) });
  const title =
    scenario === 'multi-stream' ? `MultiStream of ${record.load.mlperf?.samplesPerQuery}` : 'SingleStream';
  const shared = { scenario, queries, needed, percentile };
  if (rank === undefined) {
    const statement = `${title}: no ${what}: only ${formatCount(queries)} queries, early stopping needs ${formatCount(needed)}.`;
    return { ...shared, valid: false, statement };
  }
  const answered = responseOf(record);
  const estimateMs = rank <= answered.count ? answered.valueAtRankMs(rank) : undefined;
  if (estimateMs === undefined) {
    const lost = formatCount(queries - answered.count);
    return {
      ...shared,
      valid: false,
      statement: `${title}: no ${what}: it falls among the ${lost} queries without an answer.`,
    };
  }
  const from = `early stopping estimate from ${formatCount(queries)} queries, ${formatCount(needed)} needed`;
  return {
    ...shared,
    valid: true,
    estimateMs,
    statement: `${title}: ${what} ${formatMs(estimateMs)} (${from}).`,
  };
}

function server(record: Measured, slo: readonly Expression[]): MlperfRecord {
  const promise = slo.find(({ metric }) => /^p\d+$/.test(metric));
  const percentile = Number(`0.${(promise?.metric ?? 'p99').slice(1)}`);
  const boundMs = promise?.bound ?? Number.POSITIVE_INFINITY;
  const queries = record.counts.scheduled;
  // What was not answered was not answered in time.
  const late = queries - responseOf(record).countAtOrBelowMs(boundMs);
  const { proven, needed } = provesBound(
    { queries, percentile, designEffect: effectOf(record, percentile) },
    late,
  );
  const found = `${formatCount(late)} of ${formatCount(queries)} queries over ${formatMs(boundMs)}`;
  const rest = proven
    ? `${formatCount(needed)} needed`
    : `at least ${formatCount(needed - queries)} more would be needed, all of them in time`;
  return {
    scenario: 'server',
    queries,
    needed,
    percentile,
    late,
    valid: proven,
    statement: `Server at ${formatCount(record.load.resolvedRate ?? 0)} queries/s: ${proven ? 'VALID' : 'INVALID'} for ${promise?.text ?? 'p99'}: ${found}, ${rest}.`,
  };
}

function offline({ counts, durationS, throughput, load }: Measured): MlperfRecord {
  const samples = load.mlperf?.samples ?? counts.scheduled;
  const answered = Math.round(throughput.requestsPerS * durationS);
  const valid = answered >= samples;
  const took = `${formatCount(answered)} of ${formatCount(samples)} samples in ${durationS.toFixed(2)} s`;
  const statement = `Offline: ${formatCount(throughput.requestsPerS)} samples per second (${took}).`;
  return {
    scenario: 'offline',
    queries: 1,
    needed: 1,
    valid,
    samplesPerS: throughput.requestsPerS,
    statement: valid ? statement : `${statement} INVALID: not all were answered within measure.duration.`,
  };
}

function responseOf({ histograms }: Measured): Buckets {
  return Buckets.decode(histograms.response ?? '');
}

/** LoadGen takes queries as independent; where they provably hang together, several count as one. */
function effectOf({ sampleEffect }: Measured, percentile: number): number {
  const name = `p${percentile.toFixed(3).slice(2).replace(/0+$/, '').padEnd(2, '0')}`;
  return sampleEffect?.[name] ?? sampleEffect?.p99 ?? 1;
}
