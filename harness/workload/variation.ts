import { UsageError } from '../errors.ts';
import type { Distribution } from './distribution.ts';
import type { Varied } from './payloads.ts';

/** Datatype -> digits of its significand in bits: whole numbers are exact within their range. */
export const NUMERIC_DATATYPES: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['UINT8', 8],
  ['INT8', 7],
  ['UINT16', 16],
  ['INT16', 15],
  ['UINT32', 32],
  ['INT32', 31],
  ['UINT64', 53],
  ['INT64', 53],
  ['FP16', 11],
  ['FP32', 24],
  ['FP64', 53],
]);

/** So many requests need different payloads before one may repeat; a run has far fewer. */
const ENOUGH = 2 ** 40;
const AT_LEAST = 2 ** 20;
const MOST_STEPS = 2 ** 20;

interface Variable {
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly distribution: Distribution;
}

/** The first input that can spell every payload's key, and how. Throws UsageError when none can. */
export function variationOf<T extends Variable>(
  inputs: readonly T[],
  field = 'workload',
): { input: T; variation: Varied } {
  for (const input of inputs) {
    const variation = variationFor(input);
    if (variation !== undefined) return { input, variation };
  }
  throw new UsageError([
    {
      field: `${field}.distinct`,
      message: 'no input can take enough different values for every payload to be different',
      advice: 'Write `distinct: 1` (or another number of payloads), or give an input a wider distribution.',
    },
  ]);
}

function variationFor({ datatype, shape, distribution }: Variable): Varied | undefined {
  const range = rangeOf(distribution);
  if (range === undefined) return undefined;
  const [from, to] = range;
  const whole = distribution.kind === 'ints' || !datatype.startsWith('FP');
  const radix = whole ? Math.floor(to) - Math.ceil(from) + 1 : floatSteps(datatype, from, to);
  if (radix < 2) return undefined;
  const size = shape.reduce((product, length) => product * length, 1);
  const elements = Math.min(size, Math.ceil(Math.log(ENOUGH) / Math.log(radix)));
  if (radix ** elements < AT_LEAST) return undefined;
  return whole
    ? { elements, radix, from: Math.ceil(from), step: 1 }
    : { elements, radix, from, step: (to - from) / radix };
}

/** The middle of what the distribution draws; undefined for a constant. */
function rangeOf(distribution: Distribution): readonly [number, number] | undefined {
  switch (distribution.kind) {
    case 'constant':
      return undefined;
    case 'normal':
      return [distribution.mean - distribution.deviation, distribution.mean + distribution.deviation];
    default:
      return [distribution.from, distribution.to];
  }
}

/** How many values in the range stay different after rounding to the datatype, with a factor of 2 to spare. */
function floatSteps(datatype: string, from: number, to: number): number {
  const bits = NUMERIC_DATATYPES.get(datatype) ?? 1;
  const spacing = Math.max(Math.abs(from), Math.abs(to)) * 2 ** (1 - bits);
  return Math.min(MOST_STEPS, Math.floor((to - from) / (2 * spacing)));
}
