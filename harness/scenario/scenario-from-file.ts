import { DEFAULT_SAMPLES_PER_QUERY } from './load-checks.ts';
import type { Arrivals, LoadSpec, MlperfSpec } from './load-spec.ts';
import type { RateLawSpec, Stage, WrittenRate } from './rate-law.ts';
import type { Recording } from './replay-file.ts';
import type { DecideSpec, LimitsSpec, MeasureSpec, StopSpec } from './scenario.ts';
import type { ScenarioFile } from './schema.ts';
import {
  type CacheSpec,
  DEFAULT_BALANCER,
  type GrpcSpec,
  type HttpSpec,
  type ReferenceTargetSpec,
  type TargetSpec,
} from './target-spec.ts';

type StageFile = NonNullable<ScenarioFile['load']['stages']>[number];

/** From the file's fields to the program's: quantities get their unit into their names, nothing is checked. */
export function targetFrom({ target }: ScenarioFile): TargetSpec {
  if (target.reference !== undefined) {
    const { model, versions, instances, threads, provider, placement, batching, cache, pipeline } =
      target.reference;
    return {
      kind: 'reference',
      model,
      ...(Object.keys(versions ?? {}).length === 0 ? {} : defined({ versions })),
      instances,
      threads,
      provider,
      ...defined({ placement, pipeline }),
      batching: {
        maxRows: batching.maxRows,
        maxDelayMs: batching.maxDelay,
        maxQueueRows: batching.maxQueue,
        inFlight: batching.inFlight,
        ...defined({
          preferredRows: batching.preferred,
          allowedRows: batching.allowed,
          queueTimeoutMs: batching.queueTimeout,
          queueTimeoutAction: batching.onQueueTimeout,
        }),
      },
      ...(cache === undefined ? {} : { cache: cacheFrom(cache) }),
      ...replicasFrom(target),
      ...(target.protocol === 'oip-grpc' ? { protocol: target.protocol } : {}),
      ...(target.stream ? { stream: target.stream } : {}),
    };
  }
  const { machine } = target.describe;
  return {
    kind: 'external',
    url: target.url ?? '',
    protocol: target.protocol,
    ...(target.stream ? { stream: target.stream } : {}),
    model: target.model ?? '',
    headers: target.headers,
    ...(target.protocol === 'http' ? { http: httpFrom(target.http) } : {}),
    ...(target.protocol === 'grpc' && target.grpc !== undefined ? { grpc: grpcFrom(target.grpc) } : {}),
    ...(target.auth === undefined ? {} : { bearerEnv: target.auth.bearer.env }),
    ...(target.tls === undefined ? {} : { tls: defined(target.tls) }),
    ...(machine === undefined ? {} : { machine }),
  };
}

type CacheFile = NonNullable<NonNullable<ScenarioFile['target']['reference']>['cache']>;

/** Of answers, in whichever memory they are kept. */
const CACHE_BYTES = 64 * 2 ** 20;

function cacheFrom({ kind, size = CACHE_BYTES, ttl: ttlMs, singleFlight, ...redis }: CacheFile): CacheSpec {
  if (kind === 'off') return { kind };
  const kept = { singleFlight, ...defined({ ttlMs }) };
  if (kind === 'local') return { kind, maxBytes: size, ...kept };
  const { url, wait: waitMs, password } = redis;
  const where = url === undefined ? { maxBytes: size } : { url };
  return { kind, ...where, ...kept, ...defined({ waitMs, passwordEnv: password?.env }) };
}

/** One server without a balancer is the server alone. */
function replicasFrom({
  reference,
  balancer,
}: ScenarioFile['target']): Pick<ReferenceTargetSpec, 'replicas' | 'balancer'> {
  const { replicas = 1 } = reference ?? {};
  if (replicas === 1 && balancer === undefined) return {};
  return { replicas, balancer: balancer ?? DEFAULT_BALANCER };
}

/** The fields that are there. */
function defined<T extends object>(fields: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}

function httpFrom(http: ScenarioFile['target']['http']): HttpSpec {
  return http === undefined ? { method: 'GET', path: '/', headers: {} } : defined(http);
}

function grpcFrom({ message, ...call }: NonNullable<ScenarioFile['target']['grpc']>): GrpcSpec {
  const { base64, hex, file } = message;
  if (file !== undefined) return { ...call, messageFile: file };
  return { ...call, message: base64 ?? Buffer.from(hex ?? '', 'hex').toString('base64') };
}

/** What a replayed file comes to, which has been read by then. */
export type FindRecording = (written: string, timeScale: number, every: number) => Recording;

export function loadFrom({ load }: ScenarioFile, find: FindRecording): LoadSpec {
  const open = openFrom(load, find);
  return {
    ...(open === undefined ? {} : { open }),
    ...(load.mlperf === undefined ? {} : { mlperf: mlperfFrom(load.mlperf) }),
    ...(load.mlperf === undefined || !isStream(load.mlperf)
      ? {}
      : { closed: { inFlight: 1, thinkTimeMs: 0 } }),
    ...(load.closed === undefined
      ? {}
      : { closed: { inFlight: load.closed.inFlight, thinkTimeMs: load.closed.thinkTime } }),
    engine: load.engine,
    transport: load.transport,
    ...(load.generators === 1 ? {} : { generators: load.generators }),
    ...(load.connections === undefined ? {} : { connections: load.connections }),
    ...(load.keepAlive ? {} : { keepAlive: false }),
    maxInFlight: load.maxInFlight,
    timeoutMs: load.timeout,
  };
}

function openFrom(load: ScenarioFile['load'], find: FindRecording): LoadSpec['open'] {
  if (load.ladder !== undefined) {
    return { kind: 'ladder', arrivals: load.ladder.arrivals, fractions: load.ladder.steps };
  }
  const atRate = (arrivals: Arrivals, requestsPerS: number) => ({
    kind: 'rate' as const,
    arrivals,
    requestsPerS,
  });
  if (load.constant !== undefined) return atRate('even', load.constant.rate);
  if (load.poisson !== undefined) return atRate('poisson', load.poisson.rate);
  if (load.mlperf?.rate !== undefined) return atRate('poisson', load.mlperf.rate);
  if (load.mlperf?.scenario === 'offline')
    return { kind: 'offline', samples: load.mlperf.samples ?? SAMPLES };
  if (load.gamma !== undefined) return atRate({ gamma: load.gamma.cv }, load.gamma.rate);
  if (load.replay !== undefined) {
    const { file, timeScale, every } = load.replay;
    const recording = find(file, timeScale, every);
    return { kind: 'replay', recording, timeScale, ...(every === 1 ? {} : { every }) };
  }
  if (load.find !== undefined) {
    const { arrivals = 'poisson', precision, atMost: atMostMs, start: startPerS } = load;
    return { kind: 'find', arrivals, precision, atMostMs, startPerS };
  }
  const law = lawFrom(load);
  return law === undefined ? undefined : { kind: 'law', arrivals: load.arrivals ?? 'poisson', law };
}

type MlperfFile = NonNullable<ScenarioFile['load']['mlperf']>;

/** LoadGen's least number of samples offline. */
const SAMPLES = 24_576;

function isStream({ scenario }: MlperfFile): boolean {
  return scenario === 'single-stream' || scenario === 'multi-stream';
}

function mlperfFrom({ scenario, percentile, samplesPerQuery, samples }: MlperfFile): MlperfSpec {
  switch (scenario) {
    case 'single-stream':
      return { scenario, percentile: percentile ?? 0.9 };
    case 'multi-stream':
      return {
        scenario,
        percentile: percentile ?? 0.99,
        samplesPerQuery: samplesPerQuery ?? DEFAULT_SAMPLES_PER_QUERY,
      };
    case 'server':
      return { scenario };
    case 'offline':
      return { scenario, samples: samples ?? SAMPLES };
  }
}

function lawFrom({ ramp, stages, sine, burst }: ScenarioFile['load']): RateLawSpec<WrittenRate> | undefined {
  if (ramp !== undefined) {
    return { shape: 'ramp', fromPerS: ramp.from, toPerS: ramp.to, overMs: ramp.over };
  }
  if (stages !== undefined) return { shape: 'stages', stages: stages.map(stageFrom) };
  if (sine !== undefined) {
    const { mean: meanPerS, amplitude: amplitudePerS, period: periodMs } = sine;
    return { shape: 'sine', meanPerS, amplitudePerS, periodMs };
  }
  if (burst === undefined) return undefined;
  const { base: basePerS, peak: peakPerS, every: everyMs, for: forMs } = burst;
  return { shape: 'burst', basePerS, peakPerS, everyMs, forMs };
}

function stageFrom({ hold, jump, ramp, for: forMs }: StageFile): Stage<WrittenRate> {
  if (hold !== undefined) return { kind: 'hold', toPerS: hold, forMs };
  return jump !== undefined
    ? { kind: 'jump', toPerS: jump, forMs }
    : { kind: 'ramp', toPerS: ramp ?? 0, forMs };
}

export function measureFrom({ measure }: ScenarioFile): MeasureSpec {
  return {
    warmupMs: measure.warmup,
    durationMs: measure.duration,
    drainMs: measure.drain,
    trials: measure.trials,
    order: measure.order,
    seed: measure.seed,
    rawLog: measure.rawLog,
    ...(measure.stop === undefined ? {} : { stop: stopFrom(measure.stop) }),
  };
}

function stopFrom({ precision, of, maxDuration }: NonNullable<ScenarioFile['measure']['stop']>): StopSpec {
  return { precision, of, maxDurationMs: maxDuration };
}

export function decideFrom({ decide }: ScenarioFile): DecideSpec {
  return {
    slo: decide.slo,
    ...defined({ recommend: decide.recommend, report: decide.report }),
    price: decide.price,
    gates: decide.gates,
  };
}

export function limitsFrom({ limits }: ScenarioFile): LimitsSpec {
  return {
    ...(limits.maxRate === undefined ? {} : { maxRequestsPerS: limits.maxRate }),
    abort: limits.abort,
  };
}
