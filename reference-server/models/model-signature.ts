import { StartupError } from '../errors.ts';
import type { TensorSpec } from '../execution/tensors.ts';
import type { InferRequest } from '../infer.ts';

/** What a model takes and gives. Shapes have the rows first; -1 is a variable dimension. */
export interface ModelSignature {
  readonly name: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Rows that one request, and one batch, may have at most. */
  readonly maxRows: number;
}

/** The signature, or a StartupError where the model cannot be served with batches of that many rows. */
export function signatureOf(
  name: string,
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  maxRows: number,
): ModelSignature {
  for (const input of inputs) {
    const rows = input.shape[0];
    if (rows === undefined) {
      const found = `input '${input.name}' of model '${name}' is a scalar`;
      throw new StartupError(`${found}: there is no first dimension to count rows in`, EXPORT_ADVICE);
    }
    if (rows !== -1 && rows !== maxRows) {
      const found = `input '${input.name}' of model '${name}' has a fixed first dimension of ${rows}`;
      const advice = `Set batching.maxRows to ${rows}, or export the model with a variable first dimension.`;
      throw new StartupError(`${found}, which does not go with batches of up to ${maxRows} rows`, advice);
    }
  }
  return { name, inputs, outputs, maxRows };
}

const EXPORT_ADVICE = 'Export the model with the rows as the first dimension of every input and output.';

/**
 * Requests may share a batch when all their dimensions but the rows are equal. For most models they always are,
 * and the key costs nothing.
 */
export function stackingKeyOf(signature: ModelSignature): (request: InferRequest) => string {
  const varies = signature.inputs.some((input) => input.shape.slice(1).includes(-1));
  if (!varies) return () => '';
  return (request) => request.inputs.map((input) => input.shape.slice(1).join('x')).join(';');
}

/** Under these no two requests share a batch. */
export function keysOfTheirOwn(): () => string {
  let requests = 0;
  return () => String(requests++);
}

/** Of what is known by the name of a tensor, that of the tensors that callers see as the model has them. */
export function ofUnchanged<Fact>(
  facts: Readonly<Record<string, Fact>>,
  own: readonly TensorSpec[],
  seen: readonly TensorSpec[],
): Readonly<Record<string, Fact>> {
  const kept = Object.entries(facts).filter(([name]) => {
    const [before, after] = [own, seen].map((specs) => specs.find((spec) => spec.name === name));
    return before?.datatype === after?.datatype && String(before?.shape) === String(after?.shape);
  });
  return Object.fromEntries(kept);
}
