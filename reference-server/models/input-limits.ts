import { invalid } from '../errors.ts';
import { isNumeric, valuesOf } from '../execution/tensor-values.ts';
import type { TensorSpec } from '../execution/tensors.ts';
import type { Infer, InferContext, InferRequest, Tensor } from '../infer.ts';

/** What an input takes beyond its datatype and shape; what is left out is not limited. */
export interface InputLimits {
  /** The least value, and the greatest; what is not a number is in no limits. */
  readonly min?: number;
  readonly max?: number;
  /** The largest size of each dimension, the rows first; -1 is any. */
  readonly maxShape?: readonly number[];
  /** The name of an input whose shape it must have. */
  readonly sameShapeAs?: string;
}

/** By input. */
export type LimitsByInput = Readonly<Record<string, InputLimits>>;

/**
 * Refuses what is beyond the limits, as `invalid`, before it is queued or batched: inside a model it would
 * fail the batch that it shares with others. Without limits it is `infer` itself.
 */
export function withinLimits(infer: Infer, limits: LimitsByInput): Infer {
  if (Object.keys(limits).length === 0) return infer;
  const limited = async (request: InferRequest, context: InferContext) => {
    const problem = limitProblem(request, limits);
    if (problem !== undefined) throw invalid(problem);
    return infer(request, context);
  };
  return Object.assign(limited, { forgets: infer.forgets === true });
}

/** The first thing that is beyond the limits, in a sentence for its sender. The request fits the model otherwise. */
export function limitProblem({ inputs }: InferRequest, limits: LimitsByInput): string | undefined {
  for (const input of inputs) {
    const own = limits[input.name];
    const problem = own && (shapeProblem(input, own, inputs) ?? valueProblem(input, own));
    if (problem !== undefined) return `input '${input.name}': ${problem}`;
  }
  return undefined;
}

function shapeProblem(
  { shape }: Tensor,
  { maxShape, sameShapeAs }: InputLimits,
  inputs: readonly Tensor[],
): string | undefined {
  if (maxShape?.some((most, axis) => most !== -1 && (shape[axis] ?? 0) > most)) {
    return `shape is [${shape}], the model takes at most [${maxShape}] (-1 is any)`;
  }
  const other = inputs.find(({ name }) => name === sameShapeAs);
  if (other === undefined || String(other.shape) === String(shape)) return undefined;
  return `shape is [${shape}], it must be that of '${sameShapeAs}', which is [${other.shape}]`;
}

function valueProblem({ datatype, data }: Tensor, { min, max }: InputLimits): string | undefined {
  if ((min === undefined && max === undefined) || !isNumeric(datatype)) return undefined;
  const [least, most] = [min ?? Number.NEGATIVE_INFINITY, max ?? Number.POSITIVE_INFINITY];
  const values = valuesOf(datatype, data);
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value >= least && value <= most) continue;
    const taken =
      min === undefined ? `at most ${max}` : max === undefined ? `at least ${min}` : `${min} to ${max}`;
    return `element ${at} is ${value}, the model takes ${taken}`;
  }
  return undefined;
}

/** Limits as they are declared, those of inputs that have any; or what does not fit the model, in a sentence. */
export function fitLimits(
  declared: readonly (InputLimits & { readonly name: string })[],
  inputs: readonly TensorSpec[],
): LimitsByInput | string {
  const misfits: string[] = [];
  const limits = declared.flatMap(({ name, min, max, maxShape, sameShapeAs }) => {
    const own = {
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(maxShape === undefined ? {} : { maxShape }),
      ...(sameShapeAs === undefined ? {} : { sameShapeAs }),
    };
    if (Object.keys(own).length === 0) return [];
    const spec = inputs.find((input) => input.name === name);
    const problem = spec && misfit(own, spec, inputs);
    if (problem !== undefined) misfits.push(`input '${name}': ${problem}`);
    return [[name, own] as const];
  });
  return misfits.length === 0 ? Object.fromEntries(limits) : misfits.join('; ');
}

function misfit(
  { min, max, maxShape, sameShapeAs }: InputLimits,
  { name, datatype, shape }: TensorSpec,
  inputs: readonly TensorSpec[],
): string | undefined {
  if ((min !== undefined || max !== undefined) && !isNumeric(datatype)) {
    return `${datatype} has no order, min and max say nothing of it`;
  }
  if (min !== undefined && max !== undefined && min > max) return `min is ${min}, above max, which is ${max}`;
  if (maxShape !== undefined && maxShape.length !== shape.length) {
    return `maxShape is [${maxShape}], the model's shape is [${shape}]`;
  }
  if (sameShapeAs === undefined) return undefined;
  const other = inputs.find((input) => input.name === sameShapeAs && input.name !== name);
  if (other === undefined) return `sameShapeAs is '${sameShapeAs}', which is no other input of the model`;
  return other.shape.length === shape.length
    ? undefined
    : `its shape is [${shape}], and can never be that of '${sameShapeAs}', [${other.shape}]`;
}
