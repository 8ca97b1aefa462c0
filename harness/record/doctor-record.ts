import { z } from 'zod';
import { figure } from './figures.ts';

/** What `doctor --measure` found this machine able to measure: `results/doctor/<UTC>.json`. */
export const DOCTOR_FORMAT_VERSION = 1;

/** One closed load against a server that does nothing. */
const ceiling = z.object({
  requestsPerS: figure,
  /** Of the generator's own threads, a request. */
  cpuUsPerRequest: figure,
  /** What one core of the generator could send: 1,000,000 / cpuUsPerRequest. */
  perCorePerS: figure,
});
export type Ceiling = z.infer<typeof ceiling>;

const latency = z.object({ p50Ms: figure, p99Ms: figure });

const lag = z.object({
  offeredPerS: z.number(),
  p50Ms: figure,
  p90Ms: figure,
  p99Ms: figure,
  p999Ms: figure,
});
export type LagAtRate = z.infer<typeof lag>;

/** The same closed load, driven by ours or by a peer. */
const comparison = z.object({
  /** `http` or `grpc`, and who drove it. */
  protocol: z.string(),
  driver: z.string(),
  requestsPerS: figure,
  serviceP50Ms: figure,
  cpuUsPerRequest: figure,
});
export type Comparison = z.infer<typeof comparison>;

export const doctorRecord = z.object({
  formatVersion: z.literal(DOCTOR_FORMAT_VERSION),
  id: z.string(),
  at: z.string(),
  host: z.string(),
  version: z.string(),
  findings: z.array(
    z.object({
      id: z.string(),
      status: z.enum(['ok', 'warn', 'missing']),
      found: z.string(),
      advice: z.string().optional(),
    }),
  ),
  /** Absent without `--measure`. */
  measured: z
    .object({
      ceiling: z.object({ http: ceiling, grpc: ceiling }),
      /** One connection, one request at a time, nothing to do: what every latency contains of the client's own. */
      floor: z.object({ http: latency, grpc: latency }),
      sendLag: z.array(lag),
      crossCheck: z.array(comparison),
      /** Requests of all steps, as sent and as the server counted them. */
      witness: z.object({ sent: z.number().int(), seen: figure }),
      /** Share of that time in which some process waited for a CPU. */
      cpuPressurePct: figure,
      /** Steps that did not succeed, with the reason. */
      failed: z.array(z.object({ step: z.string(), reason: z.string() })),
      tookS: z.number(),
    })
    .optional(),
});
export type DoctorRecord = z.infer<typeof doctorRecord>;
export type DoctorMeasured = NonNullable<DoctorRecord['measured']>;

/** What a run's environment carries of the doctor's last visit, so that its figures can be read against it. */
const doctorSummary = z.object({
  id: z.string(),
  at: z.string(),
  httpPerCorePerS: figure,
  grpcPerCorePerS: figure,
  httpFloorP50Ms: figure,
  httpFloorP99Ms: figure,
  /** p99 of the send lag at the rates that were tried: `{ "1000/s": 0.3 }`. */
  sendLagP99Ms: z.record(z.string(), figure),
});
export type DoctorSummary = z.infer<typeof doctorSummary>;

export function doctorSummaryOf({ id, at, measured }: DoctorRecord): DoctorSummary | undefined {
  if (measured === undefined) return undefined;
  const { ceiling: ceilings, floor, sendLag } = measured;
  return {
    id,
    at,
    httpPerCorePerS: ceilings.http.perCorePerS,
    grpcPerCorePerS: ceilings.grpc.perCorePerS,
    httpFloorP50Ms: floor.http.p50Ms,
    httpFloorP99Ms: floor.http.p99Ms,
    sendLagP99Ms: Object.fromEntries(sendLag.map(({ offeredPerS, p99Ms }) => [`${offeredPerS}/s`, p99Ms])),
  };
}

/** The summary that an environment carries; undefined where it carries none. */
export function doctorSummaryIn(environment: Readonly<Record<string, unknown>>): DoctorSummary | undefined {
  return doctorSummary.safeParse(environment.doctor).data;
}
