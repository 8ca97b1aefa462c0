import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { CostRecord } from '../../harness/record/answer.ts';
import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import type { Window } from '../../harness/record/measured.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import type { Series } from '../../harness/record/watched.ts';
import { plantWinner } from './planted-records.ts';

/** The batching run as a real one leaves it: histograms with tails, windows that wander, readings, notices, costs. */
export function plantReportRecord(): RunRecord {
  const record = plantWinner();
  return {
    ...record,
    scenario: { ...record.scenario, text: SCENARIO, skipped: [{ batch: '1', delay: '2ms' }] },
    environment: ENVIRONMENT,
    labels: { team: 'search', git: '3f2a91c' },
    notices: NOTICES,
    cases: record.cases.map((one, index) => enrich(one, index)),
  };
}

const ENVIRONMENT = {
  cpuModel: 'AMD EPYC 9B14',
  logicalCores: 2,
  memoryGib: 8,
  node: '20.20.0',
  platform: 'linux x64',
  sharedHost: true,
  pinning: { server: [0], generator: [1] },
  gpu: { missing: 'no NVIDIA driver library found (libnvidia-ml.so.1)' },
};

const NOTICES = [
  {
    id: 'shared-host',
    message: 'Server and generator used the same 2 cores.',
    advice: 'Trust the ratios between settings, not the absolute figures.',
  },
  {
    id: 'timed-from-ask',
    message: 'Timed from the send, batch 1 at 572/s reads p99 131 ms; its users wait 4.8 s and rising.',
    advice: 'Quote response times, not service times.',
  },
  {
    id: 'no-gpu',
    message: 'No NVIDIA driver library found (libnvidia-ml.so.1).',
    advice: 'The GPU panels are left out.',
  },
  {
    id: 'ladder-step',
    message: 'Capacity lies between 1,072/s and 1,430/s.',
    advice: 'Add steps to the ladder to close the bracket.',
  },
];

const SCENARIO = `name: batching
question: Which batch size and queue delay should this model be served with?
target: { reference: { model: recommender, batching: { maxRows: 32, maxDelay: 0ms } } }
vary:
  batch: { path: target.reference.batching.maxRows,  values: [1, 8, 32] }
  delay: { path: target.reference.batching.maxDelay, values: [0ms, 2ms] }
decide: { slo: ["p99 < 50ms", "errors < 0.1%"] }
`;

function enrich(one: CaseRecord, index: number): CaseRecord {
  const { p99 } = one.latencyMs.service;
  const p99Ms = isMissing(p99) ? 20 : p99.value;
  const next = randomFrom(index + 1);
  const batch = isMissing(one.batch) ? one.batch : { ...one.batch, ...batchShape(one, next) };
  return {
    ...one,
    serverMs: { queue: p99Ms * 0.2, compute: p99Ms * 0.24 },
    histograms: { response: histogramOf(one.counts.ok, p99Ms, next) },
    windows: windowsOf(one, p99Ms, next),
    readings: readingsOf(one, next),
    cost: costsOf(one),
    events: index === 1 ? [{ atS: 2.4, message: 'stopped early: the backlog doubled' }] : [],
    batch,
  };
}

/** A multiplicative generator, so that a fixture is the same on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed * 7919;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** Skewed samples with the wished p99. */
function histogramOf(n: number, p99Ms: number, next: () => number): string {
  const histogram = build({ numberOfSignificantValueDigits: 3 });
  for (let request = 0; request < n; request++) {
    const normal = Math.sqrt(-2 * Math.log(next() + 1e-9)) * Math.cos(2 * Math.PI * next());
    histogram.recordValue(Math.max(1, Math.round(p99Ms * 1000 * Math.exp(0.42 * (normal - 2.326)))));
  }
  return encodeIntoCompressedBase64(histogram);
}

function batchShape(one: CaseRecord, next: () => number) {
  const largest = Number(one.axes.batch ?? 1);
  if (isMissing(one.batch) || largest === 1) return {};
  const histogram: Record<string, number> = {};
  let rows = one.batch.rowsExecuted;
  let executions = 0;
  while (rows > 0) {
    const size = Math.min(rows, largest, Math.max(1, Math.round(one.batch.meanRows * (0.4 + 1.2 * next()))));
    histogram[size] = (histogram[size] ?? 0) + 1;
    rows -= size;
    executions += 1;
  }
  const full = histogram[largest] ?? 0;
  const delay = one.axes.delay === '0ms' ? 0 : Math.round((executions - full) * 0.4);
  return {
    histogram,
    executions,
    meanRows: one.batch.rowsExecuted / executions,
    release: { full, delay, idle: executions - full - delay },
  };
}

function windowsOf(one: CaseRecord, p99Ms: number, next: () => number): Window[] {
  const perS = one.counts.ok / one.durationS;
  const offered = one.counts.scheduled / one.durationS;
  return Array.from({ length: 14 }, (_, index) => {
    const startS = (index - 3) * 0.4;
    const wander = () => 0.93 + 0.14 * next();
    return {
      startS,
      durationS: 0.4,
      phase: startS < -0.01 ? 'warmup' : startS >= 3.99 ? 'drain' : 'measure',
      arrivals: startS >= 3.99 ? 0 : Math.round(offered * 0.4 * wander()),
      ok: startS >= 3.99 ? Math.round(perS * 0.02) : Math.round(perS * 0.4 * wander()),
      notOk: 0,
      rows: Math.round(perS * 0.4),
      responseP50Ms: p99Ms * 0.45 * wander(),
      responseP99Ms: p99Ms * wander() * (startS < 0 ? 1.4 : 1),
    };
  });
}

function readingsOf(one: CaseRecord, next: () => number): Record<string, Record<string, Series>> {
  const series = (unit: string, mean: number): Series => {
    const atS = Array.from({ length: 9 }, (_, index) => index * 0.5);
    return {
      unit,
      atS,
      values: atS.map((_, index) => (index === 5 ? null : mean * (0.9 + 0.2 * next()))),
      gaps: ['one read was late'],
    };
  };
  const busy = isMissing(one.utilization.serverCpuCores) ? 0 : one.utilization.serverCpuCores;
  return {
    process: { cpuCores: series('cores', busy), rssMiB: series('MiB', 310) },
    generator: { cpuCores: series('cores', 0.21) },
    server: { queueRows: series('rows', 6) },
  };
}

function costsOf(one: CaseRecord): CostRecord[] {
  const base = {
    price: 'aws/c7i.large',
    term: 'on-demand',
    usdPerHour: 0.08925,
    basis: 'assumed-same-throughput' as const,
    source: 'aws/karpenter-provider-aws@6fc13b5:pkg/providers/pricing/zz_generated.pricing_aws.go',
    asOf: '2026-07-20',
  };
  const carried = 0.08925 / (one.throughput.rowsPerS * 3.6);
  if (one.load.shape === 'closed') return [{ ...base, at: 'saturation', usdPer1000: carried }];
  const overloaded = one.credibility.status === 'overloaded';
  const held =
    overloaded || one.axes.delay === '2ms'
      ? {
          missing: overloaded
            ? 'overloaded: it cannot carry this rate'
            : 'p99 < 50ms is not proven: its interval reaches 52 ms',
        }
      : carried;
  return [
    { ...base, at: 'capacityAtSlo', usdPer1000: held },
    { ...base, at: 'thisLoad', usdPer1000: carried },
  ];
}
