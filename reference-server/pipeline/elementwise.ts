import { z } from 'zod';
import { elements, type TensorSpec } from '../execution/tensors.ts';
import type { Tensor } from '../infer.ts';
import { type Step, StepMisfit } from './step.ts';
import { floatLike, newFloats, numbersOf, numericInput, sameShape, tensorOf } from './tensor-values.ts';

/** One number for all, or one for each column: for each place along `axis`, the last dimension unless it is said. */
export const perColumn = z.union([z.number(), z.array(z.number()).min(1)], 'must be a number or a list');
export type PerColumn = z.output<typeof perColumn>;

/** Which dimension the columns of a list lie along: 1 is the first after the rows; left out: the last. */
export const axis = z.int().min(1).optional();

/** Where the columns of a tensor lie: consecutive elements of one column, and how many columns there are. */
export interface Columns {
  readonly axis: number;
  /** 1 where a tensor has nothing but rows; -1: varies. */
  readonly count: number;
}

export function columnsAlong(input: TensorSpec, asked: number | undefined): Columns {
  const last = input.shape.length - 1;
  if (asked !== undefined && asked > last) {
    throw new StepMisfit(`axis: is ${asked}, and '${input.name}' has the dimensions [${input.shape}]`);
  }
  const along = asked ?? last;
  return { axis: along, count: along === 0 ? 1 : (input.shape[along] ?? 1) };
}

/** The number for each column; throws a StepMisfit where a list has another length than there are columns. */
export function spread(field: string, value: PerColumn, { count }: Columns): (column: number) => number {
  if (typeof value === 'number') return () => value;
  if (value.length !== count) {
    const there = count === -1 ? 'a variable number of columns' : `${count} columns`;
    throw new StepMisfit(`${field}: has ${value.length} numbers for ${there}`);
  }
  return (column) => value[column] ?? 0;
}

/** What a number becomes, told once for each column: one call an element is what an image can afford. */
export type OfColumn = (column: number) => (value: number, at: number) => number;

/** A step that makes each number another one, by its value and its column; whole numbers become FP32. */
export function eachNumber(takes: readonly TensorSpec[], columns: Columns, ofColumn: OfColumn): Step {
  const input = numericInput(takes);
  const datatype = floatLike(input);
  const makers = Array.from({ length: Math.max(1, columns.count) }, (_, column) => ofColumn(column));
  return {
    gives: [sameShape(input, datatype)],
    run([tensor]) {
      if (tensor === undefined) return [];
      const values = numbersOf(tensor);
      const made = newFloats(datatype, values.length);
      const run = makers.length === 1 ? values.length : elements(tensor.shape.slice(columns.axis + 1));
      for (let at = 0; at < values.length; ) {
        for (const make of makers) {
          for (const end = at + run; at < end; at++) made[at] = make(values[at] ?? 0, at);
        }
      }
      return [tensorOf(datatype, tensor.shape, made)];
    },
  };
}

/** Calls `visit` with the place and the column of every element, in order. */
export function overColumns(
  { shape }: Pick<Tensor, 'shape'>,
  { axis: along }: Columns,
  visit: (at: number, column: number) => void,
): void {
  const total = elements(shape);
  const count = along === 0 ? 1 : (shape[along] ?? 1);
  const run = along === 0 ? total : elements(shape.slice(along + 1));
  for (let at = 0; at < total; ) {
    for (let column = 0; column < count; column++) {
      for (const end = at + run; at < end; at++) visit(at, column);
    }
  }
}
