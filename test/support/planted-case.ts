import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { CaseRecord, TrialRecord } from '../../harness/record/case-record.ts';
import type { Distribution, Missing, Percentile } from '../../harness/record/figures.ts';
import type { CredibilityRecord } from '../../harness/record/judged.ts';
import type { LoadRecord } from '../../harness/record/load-record.ts';
import type { Counts, Window } from '../../harness/record/measured.ts';
import type { Batch } from '../../harness/record/watched.ts';

/**
 * What a case measured, in the words of the terminal's table: the response p99 in ms with its interval, or a word.
 *
 *   '24'                 p99 24 ms, interval 22-27
 *   '44 40-49'           p99 44 ms, interval 40-49
 *   'limited 44 40-49'   the same, measured by a client that was itself late
 *   'unsteady 44 40-49'  the same, inconclusive because it was not steady
 *   'over'               more than the setting can carry
 *   'refused'            the same behind a bounded queue that answers 503
 *   'few'                40 requests, so that no p99 can be shown
 *   'closed'             the closed pass at saturation
 */
export type Cell = string;

export interface PlantedCase {
  readonly axes: Readonly<Record<string, string>>;
  readonly cell: Cell;
  /** Offered requests/s; absent for the closed pass. */
  readonly rate?: number;
  readonly saturation: number;
  /** Best saturation of all settings, of which the ladder's steps are shares. */
  readonly bestRate: number;
  readonly meanBatch: number;
  readonly rowsPerRequest: number;
}

const DURATION_S = 4;
const IN_FLIGHT = 32;

export function plantCase(planted: PlantedCase): CaseRecord {
  const { axes, rowsPerRequest } = planted;
  const counts = countsOf(planted);
  const rows = counts.ok * rowsPerRequest;
  const throughput = throughputOf(planted, counts);
  const { latencyMs, responseMs } = latencyOf(planted, counts);
  const credibility = credibilityOf(planted.cell);
  const trial: TrialRecord = {
    index: 0,
    startedAt: '2026-11-21T09:26:10.000Z',
    counts,
    throughput,
    latencyMs,
    credibility,
  };
  return {
    id: Object.entries(axes)
      .map(([name, label]) => `${name}=${label}`)
      .join(','),
    axes: { ...axes },
    load: loadOf(planted),
    target: targetOf(axes),
    trials: [trial],
    classes: { all: { counts, rows, responseMs: latencyMs.response } },
    counts,
    warmupCounts: NO_WARMUP,
    rows,
    durationS: DURATION_S,
    throughput,
    latencyMs,
    designEffect: 1.4,
    steady: { verdict: 'steady', message: 'throughput and p50 drift by less than 10 %' },
    littlesLaw:
      planted.rate === undefined
        ? { concurrency: IN_FLIGHT, implied: IN_FLIGHT * 1.01, ratio: 1.01 }
        : { missing: 'an open loop has no fixed concurrency' },
    batch: batchOf(rows, planted.meanBatch, axes.delay ?? '0ms'),
    serverMs: { queue: responseMs * 0.25, compute: responseMs * 0.2 },
    serverArrivals: counts.sent + NO_WARMUP.sent,
    utilization: {
      serverCpuCores: Math.min(1, throughput.requestsPerS / planted.saturation),
      serverRssMiB: 310,
      generatorCpuCores: 0.21,
      gpu: { missing: 'no NVIDIA driver library found (libnvidia-ml.so.1)' },
    },
    windows: windowsOf(planted, counts, responseMs),
    events: [],
    readings: {},
    histograms: { response: histogramOf(counts.ok, responseMs) },
    cost: [],
    credibility,
    gates: [],
  };
}

function loadOf({ axes, rate, bestRate }: PlantedCase): LoadRecord {
  const shared = {
    label: axes.load ?? 'load',
    connections: IN_FLIGHT,
    maxInFlight: 4096,
    timeoutMs: 10_000,
    seed: 7,
  };
  if (rate === undefined) return { ...shared, shape: 'closed', inFlight: IN_FLIGHT, thinkTimeMs: 0 };
  const fraction = Math.round((rate / bestRate) * 100) / 100;
  return {
    ...shared,
    shape: 'poisson',
    resolvedRate: rate,
    fractionOf: { fraction, ofRate: bestRate, ofCase: 'load=saturation' },
  };
}

const NOT_A_SETTING = ['batch', 'delay', 'load', 'arrivals', 'rows'];

/**
 * Axes named batch and delay are read as the batching setting, as the bundled scenario labels them; those of the
 * load and the workload are nothing to serve with; any other is a setting by its own name.
 */
function targetOf(axes: Readonly<Record<string, string>>): CaseRecord['target'] {
  const settings = {
    ...Object.fromEntries(Object.entries(axes).filter(([name]) => !NOT_A_SETTING.includes(name))),
    model: 'recommender',
    instances: 1,
    threads: 1,
    'batching.maxRows': Number(axes.batch ?? 1),
    'batching.maxDelayMs': Number.parseFloat(axes.delay ?? '0'),
    'batching.maxQueueRows': 512,
  };
  return { kind: 'reference', requested: settings, effective: { ...settings }, pid: 4131 };
}

const NO_WARMUP: Counts = {
  scheduled: 40,
  sent: 40,
  unsent: 0,
  ok: 40,
  failed: 0,
  timedOut: 0,
  cancelled: 0,
  inFlightAtEnd: 0,
  byOutcome: { ok: 40 },
};

function countsOf({ cell, rate, saturation }: PlantedCase): Counts {
  const scheduled = cell === 'few' ? 40 : Math.round((rate ?? saturation) * DURATION_S);
  const carried = cell === 'over' || cell === 'refused' ? Math.round(saturation * DURATION_S) : scheduled;
  const failed = cell === 'refused' ? scheduled - carried : 0;
  return {
    scheduled,
    sent: scheduled,
    unsent: 0,
    ok: carried,
    failed,
    timedOut: 0,
    cancelled: 0,
    inFlightAtEnd: scheduled - carried - failed,
    byOutcome: failed === 0 ? { ok: carried } : { ok: carried, 'http-5xx': failed },
  };
}

function throughputOf({ rowsPerRequest }: PlantedCase, counts: Counts): CaseRecord['throughput'] {
  const requestsPerS = counts.ok / DURATION_S;
  return {
    requestsPerS,
    rowsPerS: requestsPerS * rowsPerRequest,
    goodRowsPerS: requestsPerS * rowsPerRequest,
    interval: { low: requestsPerS * 0.98, high: requestsPerS * 1.02 },
  };
}

function latencyOf({ cell, rate, saturation }: PlantedCase, counts: Counts) {
  const p99 = /(\d+(?:\.\d+)?)(?:\s+(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?))?$/.exec(cell);
  // Timed from the send over a full set of connections, an overloaded server looks steady.
  const sendTimed = (IN_FLIGHT / saturation) * 1000 * 1.065;
  const value = p99 === null ? (cell === 'few' ? 20 : sendTimed) : Number(p99[1]);
  const interval = { low: Number(p99?.[2] ?? value * 0.92), high: Number(p99?.[3] ?? value * 1.12) };
  const carried = distributionOf(value, interval, counts.ok);
  // The wait of the last arrival: the queue that has piled up, at the speed at which it is worked off.
  const lastWaitMs = rate === undefined ? 0 : DURATION_S * (rate / saturation - 1) * 1000;
  const response = cell === 'over' ? growing(lastWaitMs, counts) : carried;
  const lag = { ...distributionOf(0.4, { low: 0.3, high: 0.5 }, counts.ok) };
  return {
    responseMs: value,
    latencyMs: {
      response,
      service: carried,
      sendLag: cell === 'over' ? response : lag,
      dispatchLag: cell.startsWith('limited') ? distributionOf(9, { low: 8, high: 10 }, counts.ok) : lag,
    },
  };
}

const NEEDS: Readonly<Record<string, number>> = { p50: 11, p90: 44, p95: 90, p99: 459, p999: 4603 };

function distributionOf(p99: number, interval: { low: number; high: number }, n: number): Distribution {
  const at = (name: string, factor: number): Percentile => {
    const needs = NEEDS[name] ?? 0;
    if (n < needs) return { missing: `${name} needs ${needs} requests, this case has ${n}` };
    // Half of all requests lie around the median, so it is known much better than the tail.
    if (name === 'p50')
      return { value: p99 * factor, low: p99 * factor * 0.98, high: p99 * factor * 1.02, n };
    return { value: p99 * factor, low: interval.low * factor, high: interval.high * factor, n };
  };
  return {
    p50: at('p50', 0.45),
    p90: at('p90', 0.75),
    p95: at('p95', 0.87),
    p99: at('p99', 1),
    p999: at('p999', 1.15),
    max: p99 * 1.25,
    mean: p99 * 0.5,
  };
}

/** A queue that grows all along: the median is seen, the tail is still waiting when the case ends. */
function growing(lastWaitMs: number, counts: Counts): Distribution {
  const tail: Missing = {
    missing: 'its rank falls among requests still unanswered',
    above: lastWaitMs * 0.8,
  };
  return {
    p50: { value: lastWaitMs / 2, low: lastWaitMs * 0.45, high: lastWaitMs * 0.55, n: counts.ok },
    p90: tail,
    p95: tail,
    p99: tail,
    p999: tail,
    max: tail,
    mean: { missing: 'some requests are still unanswered' },
  };
}

function credibilityOf(cell: Cell): CredibilityRecord {
  if (cell === 'over' || cell === 'refused') {
    return {
      status: 'overloaded',
      reasons: [
        {
          id: 'overloaded',
          message: 'completions fell behind arrivals',
          advice: 'read its throughput, not its latency',
        },
      ],
    };
  }
  if (cell.startsWith('limited')) {
    return {
      status: 'client-limited',
      reasons: [
        { id: 'dispatch-lag', message: 'the generator sent late', advice: 'give it a core of its own' },
      ],
    };
  }
  if (cell.startsWith('unsteady') || cell === 'few') {
    return {
      status: 'inconclusive',
      reasons: [{ id: 'too-few-samples', message: 'too few requests', advice: 'measure for longer' }],
    };
  }
  return { status: 'valid', reasons: [] };
}

function batchOf(rows: number, meanBatch: number, delay: string): Batch {
  const executions = Math.max(1, Math.round(rows / meanBatch));
  const size = Math.floor(rows / executions);
  const larger = rows - size * executions;
  const histogram: Record<string, number> = { [size]: executions - larger };
  if (larger > 0) histogram[size + 1] = larger;
  const full = meanBatch <= 1 ? executions : Math.round(executions * 0.07);
  const waited = delay === '0ms' || meanBatch <= 1 ? 0 : Math.round(executions * 0.3);
  return {
    meanRows: rows / executions,
    paddedRows: 0,
    executions,
    rowsExecuted: rows,
    histogram,
    release: { full, delay: waited, idle: executions - full - waited },
  };
}

function windowsOf({ rowsPerRequest }: PlantedCase, counts: Counts, responseMs: number): Window[] {
  const share = (total: number, index: number) =>
    Math.floor((total * (index + 1)) / DURATION_S) - Math.floor((total * index) / DURATION_S);
  return [-1, 0, 1, 2, 3].map((startS) => {
    const warmup = startS < 0;
    const ok = warmup ? NO_WARMUP.ok : share(counts.ok, startS);
    return {
      startS,
      durationS: 1,
      phase: warmup ? 'warmup' : 'measure',
      arrivals: warmup ? NO_WARMUP.scheduled : share(counts.scheduled, startS),
      ok,
      notOk: warmup ? 0 : share(counts.failed, startS),
      rows: ok * rowsPerRequest,
      responseP50Ms: responseMs * 0.45,
      responseP99Ms: responseMs,
    };
  });
}

/** `n` samples in microseconds whose quantiles are those of `distributionOf`. */
function histogramOf(n: number, p99Ms: number): string {
  const points = [
    [0, 0.2],
    [0.5, 0.45],
    [0.9, 0.75],
    [0.95, 0.87],
    [0.99, 1],
    [1, 1.25],
  ] as const;
  const histogram = build({ numberOfSignificantValueDigits: 3 });
  for (let index = 0; index < n; index++) {
    const rank = (index + 0.5) / n;
    const next = points.findIndex(([quantile]) => quantile >= rank);
    const [toRank, to] = points[next] ?? [1, 1.25];
    const [fromRank, from] = points[next - 1] ?? [0, 0.2];
    const factor = from + ((to - from) * (rank - fromRank)) / (toRank - fromRank);
    histogram.recordValue(Math.round(factor * p99Ms * 1000));
  }
  return encodeIntoCompressedBase64(histogram);
}
