import type { Arrivals } from '../scenario/load-spec.ts';
import { exponential, type Random, seededRandom, standardNormal } from './random.ts';

/** Instants of a process with one event per unit of time on average: non-decreasing, without end. */
export type UnitProcess = () => number;

/** `even`: 0, 1, 2, … `poisson`: exponential gaps. `{ gamma: cv }`: gaps of that coefficient of variation. */
export function unitProcess(arrivals: Arrivals, seed: number): UnitProcess {
  if (arrivals === 'even') {
    let index = 0;
    return () => index++;
  }
  const random = seededRandom(seed, STREAM);
  return arrivals === 'poisson'
    ? summed(() => exponential(random))
    : summed(gammaGaps(arrivals.gamma, random));
}

const STREAM = 1;

/** Whole and rest are kept apart: after a million gaps the sum is as exact as after one. */
function summed(gap: () => number): UnitProcess {
  let whole = 0;
  let rest = 0;
  return () => {
    rest += gap();
    const carry = Math.floor(rest);
    whole += carry;
    rest -= carry;
    return whole + rest;
  };
}

/**
 * Gamma with mean 1 and standard deviation `cv`: form 1 / cv^2, scale cv^2 (1 is exponential, above 1 is bursty).
 * Marsaglia and Tsang, "A simple method for generating gamma variables" (2000): accepts about 19 draws of 20; forms
 * below 1 are drawn one higher and multiplied by a power of a uniform number.
 */
function gammaGaps(cv: number, random: Random): () => number {
  const form = 1 / cv ** 2;
  const boosted = form < 1;
  const d = (boosted ? form + 1 : form) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const draw = (): number => {
    for (;;) {
      const x = standardNormal(random);
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log1p(-random()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return boosted ? () => (draw() * (1 - random()) ** (1 / form)) / form : () => draw() / form;
}
