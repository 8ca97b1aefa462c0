import type { Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import type { Complain } from './complain.ts';
import { word } from './quantities.ts';

/** What a scenario can ask for as its open load; one at a time. */
export const OPEN_SHAPES = [
  'ladder',
  'find',
  'constant',
  'poisson',
  'gamma',
  'ramp',
  'stages',
  'sine',
  'burst',
  'replay',
  'mlperf',
] as const;
/** Those whose arrivals `load.arrivals` chooses. */
const WITH_ARRIVALS: readonly string[] = ['find', 'ramp', 'stages', 'sine', 'burst'];

/** Whether a rate that changes is given in shares of what the closed pass reaches. */
export function namesShares({ ramp, stages, sine, burst }: Record<string, unknown>): boolean {
  const laws = [ramp, sine, burst, ...(Array.isArray(stages) ? stages : [])];
  return laws
    .flatMap((law) => Object.values(asMap(law) ?? {}))
    .some((found) => word(found).trim().endsWith('%'));
}

/** Fields of `load` that are about `find`. */
export const SEARCH_FIELDS: readonly string[] = ['precision', 'atMost', 'start'];

export function loadChoice(content: Record<string, unknown>, complain: Complain): Problem[] {
  const load = asMap(content.load) ?? {};
  const open = OPEN_SHAPES.filter((shape) => load[shape] !== undefined);
  const problems = open
    .slice(1)
    .map((shape) =>
      complain(['load', shape], `found ${open.join(' and ')}; a scenario has one of them`, `keep ${open[0]}`),
    );
  if (load.arrivals !== undefined && !open.some((shape) => WITH_ARRIVALS.includes(shape))) {
    const advice = open[0] === 'ladder' ? 'write load.ladder.arrivals' : 'write constant, poisson or gamma';
    const message = `found arrivals without ${WITH_ARRIVALS.join(', ')}, whose arrivals they are`;
    problems.push(complain(['load', 'arrivals'], message, advice));
  }
  return [...problems, ...searchChoice(content, load, complain), ...mlperfChoice(load, content, complain)];
}

/** An MLPerf scenario says by itself how many are in flight and, of several rows a query, how many. */
function mlperfChoice(
  load: Record<string, unknown>,
  content: Record<string, unknown>,
  complain: Complain,
): Problem[] {
  const { scenario, samplesPerQuery = DEFAULT_SAMPLES_PER_QUERY } = asMap(load.mlperf) ?? {};
  if (scenario === undefined) return [];
  const problems: Problem[] = [];
  if (load.closed !== undefined) {
    const message = 'found closed beside mlperf, which says how many are in flight';
    problems.push(complain(['load', 'closed'], message, 'leave it out'));
  }
  const { rows } = asMap(content.workload) ?? {};
  if (scenario === 'multi-stream' && rows !== undefined && rows !== samplesPerQuery) {
    const message = `found ${word(rows)} rows a request, but a query of multi-stream has ${word(samplesPerQuery)}`;
    problems.push(complain(['workload', 'rows'], message, 'leave it out'));
  }
  const slo = asMap(content.decide)?.slo;
  const promises = Array.isArray(slo) ? slo.map(String) : [];
  if (scenario === 'server' && !promises.some((promise) => /^\s*p\d/.test(promise))) {
    const advice = 'as in decide: { slo: ["p99 < 50ms"] }';
    const message = 'server is held against a latency promise, and decide.slo has none';
    problems.push(complain(['load', 'mlperf'], message, advice));
  }
  return problems;
}

/** What a search needs, and what means nothing without one. */
function searchChoice(
  content: Record<string, unknown>,
  load: Record<string, unknown>,
  complain: Complain,
): Problem[] {
  if (load.find === undefined) {
    return SEARCH_FIELDS.filter((field) => load[field] !== undefined).map((field) =>
      complain(['load', field], `found ${field} without find, whose field it is`, 'write find: capacity'),
    );
  }
  const slo = asMap(content.decide)?.slo;
  const hasPromise = Array.isArray(slo) ? slo.length > 0 : slo !== undefined;
  return [
    ...(load.closed === undefined
      ? []
      : [
          complain(
            ['load', 'closed'],
            'found closed beside find; a capacity is what open arrivals can offer, and a closed loop waits for answers',
            'leave closed out',
          ),
        ]),
    ...(hasPromise
      ? []
      : [
          complain(
            ['load', 'find'],
            'found no promise; a capacity is the highest rate that holds one',
            'decide: { slo: ["p99 < 50ms"] }',
          ),
        ]),
  ];
}

export const DEFAULT_SAMPLES_PER_QUERY = 8;

/** A closed pass offers all that a server takes, so on somebody else's server it cannot stand beside a limit. */
export function rateLimit(content: Record<string, unknown>, complain: Complain): Problem[] {
  const load = asMap(content.load) ?? {};
  const limited = asMap(content.limits)?.maxRate !== undefined;
  const mlperf = asMap(load.mlperf)?.scenario;
  const rateNamed =
    mlperf === undefined
      ? OPEN_SHAPES.some((shape) => shape !== 'ladder' && load[shape] !== undefined) && !namesShares(load)
      : mlperf === 'server';
  if (!limited || asMap(content.target)?.url === undefined) return [];
  if (rateNamed && load.closed === undefined) return [];
  return [
    complain(
      ['limits', 'maxRate'],
      'found a limit beside a closed pass, which offers your server as much as it takes',
      'name a rate, as in load: { poisson: { rate: 200/s } }, or leave the limit out',
    ),
  ];
}
