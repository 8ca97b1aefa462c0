import type { Comparison, DoctorMeasured, LagAtRate } from '../record/doctor-record.ts';
import { type Figure, isMissing } from '../record/figures.ts';
import { formatCount } from '../record/wording.ts';
import { PRESSURE_PCT } from '../run/cases/host-notices.ts';

const NAMES: Readonly<Record<string, string>> = { http: 'HTTP', grpc: 'gRPC' };

/** A lag up to here does not show in the percentiles of a server that answers in milliseconds. */
const HOLDS_MS = 1;

/** What this machine can measure, one sentence a line. Pure. */
export function verdict(measured: DoctorMeasured): string[] {
  return [
    ...ceilings(measured),
    ...floors(measured),
    schedule(measured.sendLag),
    ...crossChecks(measured.crossCheck),
    ...witness(measured),
    ...busy(measured),
    ...measured.failed.map(({ step, reason }) => `Not measured: ${step} (${reason}).`),
  ];
}

function ceilings({ ceiling }: DoctorMeasured): string[] {
  return (
    [
      ['requests', ceiling.http, 'HTTP'],
      ['calls', ceiling.grpc, 'gRPC'],
    ] as const
  ).flatMap(([unit, { perCorePerS, cpuUsPerRequest }, name]) =>
    isMissing(perCorePerS) || isMissing(cpuUsPerRequest)
      ? []
      : [
          `${name}: up to about ${count(perCorePerS)} ${unit}/s from one core of the generator (${digits(cpuUsPerRequest)} µs of CPU each).`,
        ],
  );
}

function floors({ floor }: DoctorMeasured): string[] {
  return (
    [
      ['HTTP', floor.http],
      ['gRPC', floor.grpc],
    ] as const
  ).flatMap(([name, { p50Ms, p99Ms }]) =>
    isMissing(p50Ms)
      ? []
      : [
          `${name}: a server that does nothing reads p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}. Latencies below that are the client's own.`,
        ],
  );
}

function schedule(lags: readonly LagAtRate[]): string {
  const known = lags.flatMap(({ offeredPerS, p99Ms }) => (isMissing(p99Ms) ? [] : [{ offeredPerS, p99Ms }]));
  if (known.length === 0) return 'How well schedules hold could not be measured.';
  const all = known.map(({ offeredPerS, p99Ms }) => `${ms(p99Ms)} at ${count(offeredPerS)}/s`).join(', ');
  const holds = known.filter(({ p99Ms }) => p99Ms <= HOLDS_MS).at(-1);
  const upTo =
    holds === undefined
      ? `Schedules do not hold to ${HOLDS_MS} ms here`
      : `Schedules hold to a millisecond up to ${count(holds.offeredPerS)}/s at least`;
  return `${upTo}: p99 of the send lag ${all}.`;
}

/**
 * The same server and concurrency, so what differs is the client: at saturation a slower client reads longer times,
 * because its own work is in them.
 */
function crossChecks(all: readonly Comparison[]): string[] {
  const ours = (protocol: string) =>
    all.find((one) => one.protocol === protocol && one.driver === 'inferometer');
  const lines = all.flatMap((peer) => {
    const own = ours(peer.protocol);
    if (own === undefined || own === peer) return [];
    const rate = ratio(own.requestsPerS, peer.requestsPerS);
    const p50 = ratio(peer.serviceP50Ms, own.serviceP50Ms);
    const cpu = ratio(peer.cpuUsPerRequest, own.cpuUsPerRequest);
    if (rate === undefined || p50 === undefined) return [];
    const dearer = cpu === undefined ? '' : `, and it takes ${digits(cpu)} times the CPU`;
    return [
      `Against ${peer.driver} (${NAMES[peer.protocol] ?? peer.protocol}): ours sends ${digits(rate)} times as many; its service p50 reads ${digits(p50)} times ours${dearer}.`,
    ];
  });
  if (lines.length === 0) return [];
  return [
    ...lines,
    'The server does nothing, so both read their own work: on a server that takes milliseconds they must agree.',
  ];
}

function witness({ witness: { sent, seen }, failed }: DoctorMeasured): string[] {
  if (isMissing(seen) || seen === sent || failed.length > 0) return [];
  return [`The counts disagree: ${sent} requests were sent, the server saw ${seen}. Do not trust the rates.`];
}

function busy({ cpuPressurePct }: DoctorMeasured): string[] {
  if (isMissing(cpuPressurePct) || cpuPressurePct <= PRESSURE_PCT) return [];
  return [
    `Some process waited for a CPU ${digits(cpuPressurePct)} % of the time: something else ran, so this machine can do better. Repeat it when it is quiet.`,
  ];
}

function ratio(a: Figure, b: Figure): number | undefined {
  return isMissing(a) || isMissing(b) || b === 0 ? undefined : a / b;
}

function count(value: number): string {
  return formatCount(Number(value.toPrecision(2)));
}

function digits(value: number): string {
  return String(Number(value.toPrecision(2)));
}

function ms(figure: Figure): string {
  return isMissing(figure) ? 'unknown' : `${digits(figure)} ms`;
}
