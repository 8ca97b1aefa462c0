import type { Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import type { Complain } from './checks.ts';

/** What a scenario can ask for as its open load; one at a time. */
export const OPEN_SHAPES = [
  'ladder',
  'constant',
  'poisson',
  'gamma',
  'ramp',
  'stages',
  'sine',
  'burst',
  'replay',
] as const;
/** Those whose arrivals `load.arrivals` chooses. */
const WITH_ARRIVALS: readonly string[] = ['ramp', 'stages', 'sine', 'burst'];

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
  return problems;
}

/** A closed pass offers all that a server takes, so on somebody else's server it cannot stand beside a limit. */
export function rateLimit(content: Record<string, unknown>, complain: Complain): Problem[] {
  const load = asMap(content.load) ?? {};
  const limited = asMap(content.limits)?.maxRate !== undefined;
  const rateNamed = OPEN_SHAPES.some((shape) => shape !== 'ladder' && load[shape] !== undefined);
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
