import type { z } from 'zod';
import type { TensorSpec } from '../execution/tensors.ts';
import type { Datatype, Tensor } from '../infer.ts';

/** A tensor before the pipeline has given it its name. */
export type Unnamed = Omit<Tensor, 'name'>;

/** What a step gives; the rows come first, -1 is a variable dimension. */
export interface Given {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** One step, fitted to what it takes: a pure function of each request's tensors, which keeps the rows and their order. */
export interface Step {
  readonly gives: readonly Given[];
  /** Throws an `invalid` ServingError where a value is none that it takes. */
  run(inputs: readonly Tensor[]): readonly Unnamed[];
}

/** A kind of step, such as `clip`: the fields that declare one beside `from` and `to`, and how it comes of them. */
export interface StepKind<Fields extends z.ZodRawShape = z.ZodRawShape> {
  readonly fields: Fields;
  /** Tensors that it takes; 1 unless said otherwise. */
  readonly takesSeveral?: true;
  /** Tensors that it gives, at least and at most; one each unless said otherwise. */
  readonly givesFrom?: readonly [least: number, most: number];
  /** Throws a StepMisfit where the fields do not go together, or not with what the step takes. */
  fit(declared: z.output<z.ZodObject<Fields>>, around: StepSurroundings): Step;
}

/** The lines of the files that declarations name, by those names. */
export type StepFiles = Readonly<Record<string, readonly string[]>>;

/** What a step is fitted to. */
export interface StepSurroundings {
  readonly takes: readonly TensorSpec[];
  /** How many tensors its declaration names in `to`. */
  readonly gives: number;
  readonly files: StepFiles;
}

/** Why a declared step cannot be: one sentence about its fields. */
export class StepMisfit extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StepMisfit';
  }
}

/** The kind, from then on one of many: what declares one is checked by its fields. */
export function stepKind<Fields extends z.ZodRawShape>(kind: StepKind<Fields>): StepKind {
  return kind as unknown as StepKind;
}
