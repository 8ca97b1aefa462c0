import { MOST_GROWTH } from './memory-row.ts';
import { spreadOf } from './round-statistics.ts';

/** What a server held and did over a long load of every kind. Pure. */
export interface ServerSoak {
  readonly tookS: number;
  /** Resident bytes and open descriptors of the server's process, about once a second. */
  readonly samples: readonly { readonly atS: number; readonly bytes: number; readonly descriptors: number }[];
  /** Requests of the loads, by their own count, and of those how many were answered other than well. */
  readonly sent: number;
  readonly notOk: number;
  /** Infer requests that arrived, by the server's count; those of the loads and the askew ones. */
  readonly arrivals: number;
  /** Requests that no server should take, and what they were answered. */
  readonly askew: number;
  readonly askewStatuses: Readonly<Record<string, number>>;
  /** Rounds of unloading and loading a model under load. */
  readonly reloads: number;
  /** Of the server's process, after it was asked to stop. */
  readonly exitCode: number | null;
}

interface Held {
  readonly bytes: number;
  readonly descriptors: number;
}

/** The second tenth of the run, when all that is filled once has been filled, and the last; NaN where nothing was sampled. */
export function soakTenths({ samples, tookS }: Pick<ServerSoak, 'samples' | 'tookS'>): {
  readonly early: Held;
  readonly late: Held;
} {
  const median = (values: readonly number[]) => spreadOf(values)?.median ?? Number.NaN;
  const held = (from: number, to: number): Held => {
    const within = samples.filter(({ atS }) => atS >= from * tookS && atS <= to * tookS);
    return {
      bytes: median(within.map(({ bytes }) => bytes)),
      descriptors: median(within.map(({ descriptors }) => descriptors)),
    };
  };
  return { early: held(0.1, 0.2), late: held(0.9, 1) };
}

const WINDOWS = 18;
const WARM_SHARE = 0.1;

/**
 * Bytes by which resident memory has grown from the first tenth's end to the last, by the median of the slopes between any
 * two windows' medians (Theil and Sen). V8 lets a heap grow and falls back by tens of MiB when it collects: two windows
 * may differ by that much with nothing kept, while what is kept raises all later ones. NaN where nothing was sampled.
 */
export function grownBytes({ samples, tookS }: Pick<ServerSoak, 'samples' | 'tookS'>): number {
  const share = (1 - WARM_SHARE) / WINDOWS;
  const medians = Array.from({ length: WINDOWS }, (_, nth) => {
    const from = (WARM_SHARE + nth * share) * tookS;
    const within = samples.filter(({ atS }) => atS >= from && atS < from + share * tookS);
    return spreadOf(within.map(({ bytes }) => bytes))?.median ?? Number.NaN;
  });
  const slopes = medians.flatMap((bytes, at) =>
    medians.slice(at + 1).map((later, steps) => (later - bytes) / (steps + 1)),
  );
  return slopes.some(Number.isNaN) ? Number.NaN : (spreadOf(slopes)?.median ?? Number.NaN) * WINDOWS;
}

/** Connections of a lap that come and go around a median. */
const DESCRIPTORS_MORE = 8;

/** What is wrong, in words; nothing when the server keeps nothing of a request, a connection or a model that has gone. */
export function serverSoakProblems(soak: ServerSoak): string[] {
  const { early, late } = soakTenths(soak);
  const grown = grownBytes(soak);
  const times = 1 + grown / early.bytes;
  const bytesEach = grown / ((1 - WARM_SHARE) * soak.sent);
  const wrong = Object.entries(soak.askewStatuses).filter(([status]) => !/^4\d\d$/.test(status));
  return [
    Number.isNaN(times) ? 'too short a run: memory was not sampled at its start and at its end' : '',
    times > MOST_GROWTH
      ? `memory grew steadily, to ${times.toFixed(2)} times that of the second tenth, about ${bytesEach.toFixed(0)} bytes a request`
      : '',
    late.descriptors > early.descriptors + DESCRIPTORS_MORE
      ? `${late.descriptors - early.descriptors} descriptors more were open at the end`
      : '',
    soak.notOk === 0 ? '' : `${soak.notOk} of ${soak.sent} requests were not answered well`,
    soak.arrivals >= soak.sent
      ? ''
      : `${soak.sent} requests were sent, ${soak.arrivals} arrived by the server's count`,
    wrong.length === 0
      ? ''
      : `requests that none should take were answered ${wrong.map(([status, count]) => `${status} (${count})`).join(', ')}`,
    soak.askew > 0 && soak.reloads > 0
      ? ''
      : 'too short a run: nothing was loaded again, or nothing askew was sent',
    soak.exitCode === 0 ? '' : `the server ended with ${soak.exitCode}`,
  ].filter((problem) => problem !== '');
}
