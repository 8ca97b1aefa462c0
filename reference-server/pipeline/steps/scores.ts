import { z } from 'zod';
import type { Tensor } from '../../infer.ts';
import { axis, columnsAlong, eachNumber, overColumns, perColumn, spread } from '../elementwise.ts';
import { StepMisfit, stepKind } from '../step.ts';
import {
  floatLike,
  newFloats,
  numbersOf,
  numericInput,
  sameShape,
  tensorOf,
  textTensor,
  wholeTensor,
} from '../tensor-values.ts';

/** Shares that sum to 1 over the last dimension; a temperature above 1 makes them more alike. */
export const softmax = stepKind({
  fields: { temperature: z.number().positive().default(1) },
  fit({ temperature }, { takes }) {
    const input = numericInput(takes);
    const datatype = floatLike(input);
    return {
      gives: [sameShape(input, datatype)],
      run([given]) {
        const tensor = given as Tensor;
        const scores = numbersOf(tensor);
        const classes = tensor.shape.at(-1) ?? 1;
        const made = newFloats(datatype, scores.length);
        for (let from = 0; from < scores.length; from += classes) {
          let highest = Number.NEGATIVE_INFINITY;
          for (let at = from; at < from + classes; at++) highest = Math.max(highest, scores[at] ?? 0);
          let sum = 0;
          for (let at = from; at < from + classes; at++) {
            const share = Math.exp(((scores[at] ?? 0) - highest) / temperature);
            made[at] = share;
            sum += share;
          }
          for (let at = from; at < from + classes; at++) made[at] = (made[at] ?? 0) / sum;
        }
        return [tensorOf(datatype, tensor.shape, made)];
      },
    };
  },
});

/**
 * The highest scores of each row with their places, and their labels where there is a third name in `to`: the highest
 * first, of equal ones the earlier.
 */
export const topK = stepKind({
  givesFrom: [2, 3],
  fields: {
    k: z.int().min(1),
    labels: z.array(z.string()).min(1).optional(),
    /** A file with the name of each class, one a line. */
    labelFile: z.string().min(1).optional(),
  },
  fit({ k, labels, labelFile }, { takes, gives, files }) {
    const input = numericInput(takes);
    const [rows = -1, classes = -1] = input.shape;
    if (input.shape.length !== 2 || classes < 1) {
      throw new StepMisfit(`takes [rows, classes] with fixed classes, '${input.name}' is [${input.shape}]`);
    }
    if (k > classes) throw new StepMisfit(`k: is ${k}, and there are ${classes} classes`);
    if (labels !== undefined && labelFile !== undefined) {
      throw new StepMisfit('either labels or labelFile may be given');
    }
    const names = labels ?? (labelFile === undefined ? undefined : (files[labelFile] ?? []));
    if ((names === undefined) === (gives === 3)) {
      throw new StepMisfit(
        gives === 3 ? 'a third name in to needs labels or labelFile' : 'labels need a third name in to',
      );
    }
    if (names !== undefined && names.length !== classes) {
      throw new StepMisfit(`labels: there are ${names.length} for ${classes} classes`);
    }
    const datatype = floatLike(input);
    const shape = [rows, k];
    return {
      gives: [
        { datatype, shape },
        { datatype: 'INT64', shape },
        ...(names === undefined ? [] : [{ datatype: 'BYTES' as const, shape }]),
      ],
      run([tensor]) {
        const scores = numbersOf(tensor as Tensor);
        const size = [scores.length / classes, k];
        const places: number[] = [];
        for (let from = 0; from < scores.length; from += classes) {
          places.push(...highest(scores, from, classes, k));
        }
        const made = newFloats(datatype, places.length);
        for (const [at, place] of places.entries()) {
          made[at] = scores[Math.floor(at / k) * classes + place] ?? 0;
        }
        return [
          tensorOf(datatype, size, made),
          wholeTensor(size, places),
          ...(names === undefined
            ? []
            : [
                textTensor(
                  size,
                  places.map((place) => names[place] ?? ''),
                ),
              ]),
        ];
      },
    };
  },
});

/** Places from 0; NaN is below every number. */
function highest(scores: ArrayLike<number>, from: number, classes: number, k: number): number[] {
  const scoreAt = (place: number) => {
    const score = scores[from + place] ?? Number.NaN;
    return Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
  };
  const best: number[] = [];
  for (let place = 0; place < classes; place++) {
    const score = scoreAt(place);
    if (best.length === k && score <= scoreAt(best[k - 1] ?? 0)) continue;
    let at = best.length;
    while (at > 0 && score > scoreAt(best[at - 1] ?? 0)) at--;
    best.splice(at, 0, place);
    if (best.length > k) best.pop();
  }
  return best;
}

/** True where a score is at least the threshold: one for all, or one for each class. */
export const threshold = stepKind({
  fields: { at: perColumn, axis },
  fit({ at: bound, axis: asked }, { takes }) {
    const input = numericInput(takes);
    const columns = columnsAlong(input, asked);
    const least = spread('at', bound, columns);
    return {
      gives: [sameShape(input, 'BOOL')],
      run([given]) {
        const tensor = given as Tensor;
        const scores = numbersOf(tensor);
        const made = new Uint8Array(scores.length);
        overColumns(tensor, columns, (place, column) => {
          made[place] = (scores[place] ?? 0) >= least(column) ? 1 : 0;
        });
        return [tensorOf('BOOL', tensor.shape, made)];
      },
    };
  },
});

const point = z.tuple([z.number(), z.number()]);

/**
 * Scores as probabilities that hold, by what was fitted on data that the model had not seen: Platt's 1 / (1 + exp(a x +
 * b)), a temperature (x / temperature, with a softmax behind it), or isotonic: straight lines between points, level
 * outside of them.
 */
export const calibrate = stepKind({
  fields: {
    platt: z.strictObject({ a: z.number(), b: z.number() }).optional(),
    temperature: z.number().positive().optional(),
    isotonic: z.array(point).min(1).optional(),
  },
  fit({ platt, temperature, isotonic }, { takes }) {
    const given = [platt, temperature, isotonic].filter((field) => field !== undefined);
    if (given.length !== 1) throw new StepMisfit('one of platt, temperature and isotonic must be given');
    const columns = columnsAlong(numericInput(takes), undefined);
    if (platt !== undefined) {
      return eachNumber(takes, columns, () => (value) => 1 / (1 + Math.exp(platt.a * value + platt.b)));
    }
    if (temperature !== undefined) return eachNumber(takes, columns, () => (value) => value / temperature);
    const points = isotonic ?? [];
    const rises = points.every(([x, y], at) => {
      const [before, below] = points[at - 1] ?? [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
      return x > before && y >= below;
    });
    if (!rises) throw new StepMisfit('isotonic: each point must be right of the one before and not below it');
    return eachNumber(takes, columns, () => (value) => between(points, value));
  },
});

/** Linear interpolation; NaN stays. */
function between(points: readonly (readonly [number, number])[], value: number): number {
  if (Number.isNaN(value)) return value;
  let from = points[0] ?? [0, 0];
  if (value <= from[0]) return from[1];
  for (const to of points) {
    if (value <= to[0]) return from[1] + ((to[1] - from[1]) * (value - from[0])) / (to[0] - from[0]);
    from = to;
  }
  return from[1];
}
