import type { Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import type { Complain } from './complain.ts';
import { isProblem, parseDuration, type Reading, word } from './quantities.ts';

/** Loads whose rate changes, or whose length is their own. */
const NOT_WITH = ['find', 'ramp', 'stages', 'sine', 'burst', 'replay', 'mlperf'] as const;
const WHY: Readonly<Partial<Record<string, string>>> = {
  find: 'a search looks at its probes by rules of its own',
  replay: 'a recording is measured for as long as it is',
  mlperf: 'the rules of MLPerf say when a run has seen enough',
};
/** A run of so many shortest lengths still has the windows that the shortest needs. */
export const MOST_DURATIONS = 50;

/** What `measure.stop` cannot stand beside, and how its length fits `measure.duration`; all of it at once. */
export function stopProblems(content: Record<string, unknown>, complain: Complain): Problem[] {
  const measure = asMap(content.measure) ?? {};
  if (measure.stop === undefined) return [];
  const load = asMap(content.load) ?? {};
  return [
    ...NOT_WITH.filter((shape) => load[shape] !== undefined).map((shape) =>
      complain(
        ['measure', 'stop'],
        `found stop beside ${shape}; ${WHY[shape] ?? 'its rate changes, so its percentiles depend on where it stops'}`,
        'leave stop out, or measure a ladder, constant, poisson, gamma or closed load',
      ),
    ),
    ...lengthProblems(measure.duration ?? '4s', asMap(measure.stop)?.maxDuration ?? '60s', complain),
  ];
}

/** What is no duration is reported where durations are read. */
function lengthProblems(least: unknown, most: unknown, complain: Complain): Problem[] {
  const [leastMs, mostMs] = [parseDuration(least), parseDuration(most)].map(millisecondsIn);
  if (leastMs === undefined || mostMs === undefined) return [];
  const refuse = (message: string, advice: string) =>
    complain(['measure', 'stop', 'maxDuration'], message, advice);
  if (mostMs <= leastMs) {
    const message = `found ${word(most)}, no longer than measure.duration (${word(least)}), which is the shortest`;
    return [refuse(message, 'a longer maxDuration, or leave stop out')];
  }
  if (mostMs > MOST_DURATIONS * leastMs) {
    const message = `found ${word(most)}, more than ${MOST_DURATIONS} times measure.duration (${word(least)})`;
    return [refuse(message, `measure.duration: ${Math.ceil(mostMs / MOST_DURATIONS / 1000)}s`)];
  }
  return [];
}

function millisecondsIn(reading: Reading<number>): number | undefined {
  return isProblem(reading) ? undefined : reading.value;
}
