import type { Instance, RunResult } from '../../reference-server/execution/instance.ts';
import type { TensorSpec } from '../../reference-server/execution/tensors.ts';
import type { InferRequest } from '../../reference-server/infer.ts';

/** Before the name of an input: the output that is the same. */
export const SAME = 'same_';

/** A stand-in that answers what it is asked, in a later turn, in every datatype there is. */
export class EchoInstance implements Instance {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly providerRan = 'cpu';
  readonly providerReason = 'it is a stand-in';
  readonly largestBatchNs: number | undefined = undefined;
  readonly died: Promise<string> = new Promise(() => {});

  constructor(inputs: readonly TensorSpec[]) {
    this.inputs = inputs;
    this.outputs = inputs.map((spec) => ({ ...spec, name: SAME + spec.name }));
  }

  async run(parts: readonly InferRequest[]): Promise<RunResult> {
    await new Promise(setImmediate);
    const outputs = parts.map(({ inputs }) =>
      inputs.map((tensor) => ({ ...tensor, name: SAME + tensor.name, data: tensor.data.slice() })),
    );
    return { computeNs: 1000, outputs };
  }

  async close(): Promise<void> {}
}
