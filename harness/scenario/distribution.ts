import { type Reading, show } from './quantities.ts';

/** `normal(0, 1)`: mean, standard deviation. `uniform(0, 1)`, `ints(0, 30521)`: from, to (to included for ints). */
export interface Distribution {
  readonly kind: 'normal' | 'uniform' | 'ints';
  readonly a: number;
  readonly b: number;
}

const FORMS = 'normal(mean, sd), uniform(from, to), ints(from, to)';

export function parseDistribution(found: unknown): Reading<Distribution> {
  const number = String.raw`\s*(-?\d+(?:\.\d+)?(?:e-?\d+)?)\s*`;
  const form = new RegExp(`^\\s*(normal|uniform|ints)\\s*\\(${number},${number}\\)\\s*$`, 'i');
  const [, name, first, second] = form.exec(typeof found === 'string' ? found : '') ?? [];
  if (name === undefined) {
    return {
      problem: `found ${show(found)}; inputs are drawn from a distribution`,
      advice: `allowed: ${FORMS}`,
    };
  }
  const kind = name.toLowerCase() as Distribution['kind'];
  const [a, b] = [Number(first), Number(second)];
  if (kind === 'normal' && b < 0) return { problem: `found ${show(found)}; a deviation is not negative` };
  if (kind !== 'normal' && b < a) {
    return { problem: `found ${show(found)}; the range is empty`, advice: `write ${kind}(${b}, ${a})` };
  }
  if (kind === 'ints' && !(Number.isInteger(a) && Number.isInteger(b))) {
    return { problem: `found ${show(found)}; the bounds of ints are whole numbers` };
  }
  return { value: { kind, a, b } };
}
