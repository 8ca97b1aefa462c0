import { type Instance, InstanceError, type RunResult } from '../../reference-server/execution/instance.ts';
import type { InstanceOptions } from '../../reference-server/execution/instance-messages.ts';
import type { TensorSpec } from '../../reference-server/execution/tensors.ts';
import type { InferRequest } from '../../reference-server/infer.ts';

const INPUTS: readonly TensorSpec[] = [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }];
const OUTPUTS: readonly TensorSpec[] = [
  { name: 'same', datatype: 'FP32', shape: [-1, 3] },
  { name: 'label', datatype: 'BYTES', shape: [-1, 1] },
];

/** Answers its input and a label per row. Tests may hold it, make it fail, or let it die. */
export class FakeInstance implements Instance {
  readonly inputs = INPUTS;
  readonly outputs = OUTPUTS;
  readonly providerRan = 'cpu';
  readonly providerReason = 'it is a stand-in';
  readonly largestBatchNs: number | undefined = undefined;
  readonly died: Promise<string>;
  readonly options: InstanceOptions;
  readonly batches: number[] = [];
  closed = false;
  die: (reason: string) => void = () => {};
  #held: Promise<void> = Promise.resolve();
  #endRuns: (error: InstanceError) => void = () => {};
  readonly #ended: Promise<never>;

  constructor(options: InstanceOptions) {
    this.options = options;
    this.#ended = new Promise((_, reject) => {
      this.#endRuns = reject;
    });
    this.#ended.catch(() => {});
    this.died = new Promise((resolve) => {
      this.die = (reason) => {
        this.#endRuns(new InstanceError('died', reason));
        resolve(reason);
      };
    });
  }

  /** Runs wait until the answer is called. */
  hold(): () => void {
    let release = () => {};
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  async run(parts: readonly InferRequest[], rows: number): Promise<RunResult> {
    this.batches.push(rows);
    await Promise.race([this.#held, this.#ended]);
    return { computeNs: 1000 * rows, outputs: parts.map(outputsOf) };
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function outputsOf({ inputs, rows }: InferRequest) {
  const data = inputs[0]?.data.slice() ?? new Uint8Array();
  // Each label is "row", with its length before it.
  const label = Buffer.concat(Array.from({ length: rows }, () => Buffer.from('\x03\0\0\0row', 'latin1')));
  return [
    { name: 'same', datatype: 'FP32', shape: [rows, 3], data },
    { name: 'label', datatype: 'BYTES', shape: [rows, 1], data: new Uint8Array(label) },
  ] as const;
}
