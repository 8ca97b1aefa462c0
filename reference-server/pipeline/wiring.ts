import { ServingError } from '../errors.ts';
import type { TensorSpec } from '../execution/tensors.ts';
import type { DeclaredOutput, DeclaredStep } from './declared-graph.ts';
import type { Graph, GraphNode, Work } from './graph.ts';
import { type Given, type Step, type StepFiles, type StepKind, StepMisfit } from './step.ts';
import { STEP_KINDS } from './step-kinds.ts';

/** A node before it is wired. */
export interface Unwired {
  /** What it is called, unless another is called so already. */
  readonly name: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly gives: readonly Given[];
  readonly work: Work;
  readonly waits?: true;
}

/**
 * Builds a graph node after node, in an order in which each finds its tensors, and keeps what is wrong with it. A
 * tensor given under a name that there is stands in its place for the nodes that follow.
 */
export class Wiring {
  readonly problems: string[] = [];
  readonly #inputs: readonly TensorSpec[];
  readonly #specs: TensorSpec[];
  readonly #latest = new Map<string, number>();
  /** Names whose maker is wrong: what takes them is not told of as well. */
  readonly #unknown = new Set<string>();
  readonly #nodes: GraphNode[] = [];

  constructor(inputs: readonly TensorSpec[]) {
    this.#inputs = inputs;
    this.#specs = [...inputs];
    for (const [slot, { name }] of inputs.entries()) {
      if (this.#latest.has(name)) this.problems.push(`the input '${name}' is declared twice`);
      this.#latest.set(name, slot);
    }
  }

  /** What a name stands for at this point. */
  specOf(name: string): TensorSpec | undefined {
    const slot = this.#latest.get(name);
    return slot === undefined ? undefined : this.#specs[slot];
  }

  /** The tensors of these names; undefined, and a problem, where there are not all of them. */
  specsOf(names: readonly string[], user: string): readonly TensorSpec[] | undefined {
    const specs = names.map((name) => this.specOf(name));
    for (const [at, name] of names.entries()) {
      if (specs[at] !== undefined || this.#unknown.has(name)) continue;
      const there = [...this.#latest.keys()].join(', ');
      this.problems.push(`${user} takes '${name}', and there is only ${there || 'nothing'}`);
    }
    return specs.every((spec) => spec !== undefined) ? (specs as readonly TensorSpec[]) : undefined;
  }

  /**
   * Whether there is what a model takes, tensor by tensor. `words` begin what is said of one that does not fit, which
   * is a problem and no reason to give up.
   */
  finds(
    from: readonly string[],
    wanted: readonly TensorSpec[],
    user: string,
    words: (given: TensorSpec, wanted: TensorSpec) => string,
  ): boolean {
    const specs = this.specsOf(from, user);
    if (specs === undefined) return false;
    for (const [at, spec] of wanted.entries()) {
      const given = specs[at];
      const misfit = given && misfitOf(given, spec);
      if (misfit !== undefined) this.problems.push(`${words(given ?? spec, spec)} ${misfit}`);
    }
    return true;
  }

  add({ name, from, to, gives, work, waits }: Unwired): void {
    const takes = from.map((tensor) => this.#latest.get(tensor) ?? 0);
    const slots = to.map((tensor, at) => {
      const { datatype, shape } = gives[at] ?? { datatype: 'FP32', shape: [-1] };
      this.#specs.push({ name: tensor, datatype, shape });
      this.#latest.set(tensor, this.#specs.length - 1);
      return this.#specs.length - 1;
    });
    this.#nodes.push({ label: this.#unused(name), takes, gives: slots, work, waits: waits === true });
  }

  /** The node is wrong: names that it gives are none from here on. */
  giveUp(to: readonly string[], problem?: string): void {
    if (problem !== undefined) this.problems.push(problem);
    for (const name of to) {
      this.#latest.delete(name);
      this.#unknown.add(name);
    }
  }

  addStep({ step, from, to, fields }: DeclaredStep, files: StepFiles): void {
    const takes = this.specsOf(from, `the step '${step}'`);
    if (takes === undefined) {
      this.giveUp(to);
      return;
    }
    const kind: StepKind = STEP_KINDS[step];
    try {
      const fitted = kind.fit(fields, { takes, gives: to.length, files });
      this.add({ name: step, from, to, gives: fitted.gives, work: workOf(step, fitted, to) });
    } catch (error) {
      if (!(error instanceof StepMisfit)) throw error;
      this.giveUp(to, `the step '${step}': ${error.message}`);
    }
  }

  /** The graph; look at `problems` first. */
  finish(outputs: readonly DeclaredOutput[]): Graph {
    const found = outputs.flatMap((output) => {
      const slot = this.#latest.get(output.name);
      const spec = slot === undefined ? undefined : this.#specs[slot];
      if (slot === undefined || spec === undefined) {
        if (!this.#unknown.has(output.name)) this.problems.push(`nothing gives the output '${output.name}'`);
        return [];
      }
      const misfit = misfitOf(spec, output);
      if (misfit !== undefined) this.problems.push(`the output '${output.name}' ${misfit}`);
      return [{ ...spec, slot }];
    });
    this.#refuseUnused(new Set(found.map(({ slot }) => slot)));
    return { inputs: this.#inputs, outputs: found, nodes: this.#nodes, slots: this.#specs.length };
  }

  #refuseUnused(outputs: ReadonlySet<number>): void {
    if (this.problems.length > 0) return;
    const used = new Set([...outputs, ...this.#nodes.flatMap(({ takes }) => takes)]);
    for (const [slot, { name }] of this.#inputs.entries()) {
      if (!used.has(slot)) this.problems.push(`nothing takes the input '${name}'`);
    }
  }

  #unused(name: string): string {
    const taken = new Set(this.#nodes.map(({ label }) => label));
    if (!taken.has(name)) return name;
    for (let number = 2; ; number++) if (!taken.has(`${name} ${number}`)) return `${name} ${number}`;
  }
}

/** Why a tensor is not what is asked for; undefined where it may be: a variable dimension shows only in a request. */
export function misfitOf(
  given: Pick<TensorSpec, 'datatype' | 'shape'>,
  wanted: Partial<Pick<TensorSpec, 'datatype' | 'shape'>>,
): string | undefined {
  if (wanted.datatype !== undefined && wanted.datatype !== given.datatype) {
    return `is ${given.datatype}, and must be ${wanted.datatype}`;
  }
  const { shape } = wanted;
  if (shape === undefined) return undefined;
  const fits =
    shape.length === given.shape.length &&
    shape.every((size, at) => size === -1 || given.shape[at] === -1 || size === given.shape[at]);
  return fits ? undefined : `is [${given.shape}], and must be [${shape}] (-1: any size)`;
}

function workOf(name: string, step: Step, to: readonly string[]): Work {
  return (inputs) => {
    try {
      return step.run(inputs).map((tensor, at) => ({ ...tensor, name: to[at] ?? '' }));
    } catch (error) {
      if (!(error instanceof ServingError)) throw error;
      throw new ServingError(error.kind, `the step '${name}': ${error.message}`, { cause: error });
    }
  };
}
