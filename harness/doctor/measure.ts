import { hostProbe } from '../probes/host.ts';
import type { Ceiling, Comparison, DoctorMeasured, LagAtRate } from '../record/doctor-record.ts';
import { type Figure, isMissing } from '../record/figures.ts';
import type { LoadResult } from '../run/load-engine.ts';
import { availableCpus } from '../run/machine/available-cpus.ts';
import {
  cpuUsPerRequest,
  drive,
  percentileMs,
  requestsPerS,
  type SelfLoad,
  type SelfLoadPlace,
} from './self-loads.ts';
import { type NullServer, startNullServer } from './start-null-server.ts';

export interface MeasureOptions {
  /** Stops at once. */
  readonly signal: AbortSignal;
  /** Told what is measured next. */
  onStep(what: string): void;
}

const IN_FLIGHT = 32;
const CEILING_MS = 2500;
const FLOOR_MS = 2000;
const PEER_MS = 2000;
/** Long enough for a p99 at every rate, and for a p99.9 from 1,000/s on. */
const LAG_RATES = [
  { perS: 100, durationMs: 5000 },
  { perS: 1000, durationMs: 5000 },
  { perS: 5000, durationMs: 2000 },
] as const;

const BUSY = { shape: 'closed', inFlight: IN_FLIGHT, thinkTimeMs: 0 } as const;
const ALONE = { shape: 'closed', inFlight: 1, thinkTimeMs: 0 } as const;

/**
 * What this machine's generator can do, against a server that does nothing, on a core of its own where there are two:
 * about 30 s. A step that fails is named with its reason, and the others go on. Throws only where the server cannot be
 * started. No process is left.
 */
export async function measureMachine(options: MeasureOptions): Promise<DoctorMeasured> {
  const beganMs = performance.now();
  const [serverCpu, generatorCpu] = availableCpus();
  const isBound = generatorCpu !== undefined;
  options.onStep('starting a server that does nothing');
  const server = await startNullServer(isBound ? serverCpu : undefined);
  try {
    const host = hostProbe();
    const place = { url: server.url, generatorCpu, signal: options.signal };
    const steps = new Steps(place, options);
    const http = await ownEngine(steps, 'http');
    const sendLag: LagAtRate[] = [];
    for (const rate of LAG_RATES) sendLag.push(await lagAt(steps, rate));
    const httpPeers = [
      await peer(steps, 'http', 'autocannon', { engine: 'autocannon' }),
      await peer(steps, 'http', 'node-http', { transport: 'node-http' }),
    ];
    const grpc = await ownEngine(steps, 'grpc');
    const grpcPeer = await peer(steps, 'grpc', 'grpc-js', { transport: 'grpc-js' });
    return {
      ceiling: { http: http.ceiling, grpc: grpc.ceiling },
      floor: { http: http.floor, grpc: grpc.floor },
      sendLag,
      crossCheck: [http.comparison, ...httpPeers, grpc.comparison, grpcPeer],
      witness: { sent: steps.sent, seen: await seenBy(server) },
      cpuPressurePct: host.read().cpuPressurePct ?? { missing: 'pressure (PSI) cannot be read here' },
      failed: steps.failed,
      tookS: (performance.now() - beganMs) / 1000,
    };
  } finally {
    await server.stop();
  }
}

async function seenBy(server: NullServer): Promise<Figure> {
  try {
    return await server.requests();
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs loads one after the other, and keeps why some did not succeed. */
class Steps {
  readonly failed: { step: string; reason: string }[] = [];
  /** Requests of all loads that were driven to their end. */
  sent = 0;
  readonly #place: SelfLoadPlace;
  readonly #options: MeasureOptions;

  constructor(place: SelfLoadPlace, options: MeasureOptions) {
    this.#place = place;
    this.#options = options;
  }

  async run(step: string, load: SelfLoad): Promise<Outcome> {
    if (this.#options.signal.aborted) return this.#gaveUp(step, 'interrupted');
    this.#options.onStep(step);
    try {
      const result = await drive(load, this.#place);
      this.sent += result.counts.sent + result.warmupCounts.sent;
      return { figure: (read) => read(result) };
    } catch (error) {
      return this.#gaveUp(step, error instanceof Error ? error.message : String(error));
    }
  }

  #gaveUp(step: string, reason: string): Outcome {
    this.failed.push({ step, reason });
    return { figure: () => ({ missing: reason }) };
  }
}

/** Figures of a load that was driven, or the reason why there are none. */
interface Outcome {
  figure(read: (result: LoadResult) => Figure): Figure;
}

async function ownEngine(steps: Steps, protocol: SelfLoad['protocol']) {
  const name = protocol === 'http' ? 'HTTP' : 'gRPC';
  const busy = await steps.run(`${name} ceiling`, { load: BUSY, durationMs: CEILING_MS, protocol });
  const alone = await steps.run(`${name} floor latency`, { load: ALONE, durationMs: FLOOR_MS, protocol });
  const cost = busy.figure(cpuUsPerRequest);
  const ceiling: Ceiling = {
    requestsPerS: busy.figure(requestsPerS),
    cpuUsPerRequest: cost,
    perCorePerS: isMissing(cost) ? cost : 1e6 / cost,
  };
  return {
    ceiling,
    floor: {
      p50Ms: alone.figure((result) => percentileMs(result, 'service', 0.5)),
      p99Ms: alone.figure((result) => percentileMs(result, 'service', 0.99)),
    },
    comparison: compared(protocol, 'inferometer', busy),
  };
}

async function lagAt(
  steps: Steps,
  { perS, durationMs }: { readonly perS: number; readonly durationMs: number },
): Promise<LagAtRate> {
  const load = { shape: 'open', arrivals: 'poisson', requestsPerS: perS } as const;
  const outcome = await steps.run(`send lag at ${perS}/s`, { load, durationMs, protocol: 'http' });
  const at = (p: number) => outcome.figure((result) => percentileMs(result, 'sendLag', p));
  return { offeredPerS: perS, p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), p999Ms: at(0.999) };
}

async function peer(
  steps: Steps,
  protocol: SelfLoad['protocol'],
  driver: string,
  choice: Pick<SelfLoad, 'engine' | 'transport'>,
): Promise<Comparison> {
  const load = { load: BUSY, durationMs: PEER_MS, protocol, ...choice };
  return compared(protocol, driver, await steps.run(`cross-check with ${driver}`, load));
}

function compared(protocol: string, driver: string, outcome: Outcome): Comparison {
  return {
    protocol,
    driver,
    requestsPerS: outcome.figure(requestsPerS),
    serviceP50Ms: outcome.figure((result) => percentileMs(result, 'service', 0.5)),
    cpuUsPerRequest: outcome.figure(cpuUsPerRequest),
  };
}
