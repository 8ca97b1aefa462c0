import { ServingError } from '../errors.ts';
import type { TensorSpec } from '../execution/tensors.ts';
import type { InferContext, InferRequest, InferResponse, Tensor } from '../infer.ts';
import type { DeclaredEnsemble, DeclaredModel, DeclaredNode } from './declared-graph.ts';
import type { Graph, Work } from './graph.ts';
import type { StepFiles } from './step.ts';
import { Wiring } from './wiring.ts';

export interface PartSignature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** A model that an ensemble calls: its inputs named as it names them. */
export interface Part {
  readonly signature: PartSignature;
  call(inputs: readonly Tensor[], request: InferRequest, context: InferContext): Promise<InferResponse>;
}

/** The graph of an ensemble, and everything that is wrong with it. Pure. */
export function wireEnsemble(
  ensemble: DeclaredEnsemble,
  files: StepFiles,
  partOf: (model: DeclaredModel) => Part,
): { readonly graph: Graph; readonly problems: readonly string[] } {
  const wiring = new Wiring(ensemble.inputs);
  for (const name of givenTwice(ensemble)) wiring.problems.push(`'${name}' is given more than once`);
  for (const node of inOrder(ensemble)) {
    if ('step' in node) wiring.addStep(node, files);
    else wireModel(wiring, node, partOf(node));
  }
  return { graph: wiring.finish(ensemble.outputs), problems: wiring.problems };
}

/**
 * The nodes so that each comes after those whose tensors it takes, otherwise as they are declared. Nodes in a circle
 * come last: they will lack what they take.
 */
export function inOrder({ inputs, nodes }: DeclaredEnsemble): readonly DeclaredNode[] {
  const there = new Set(inputs.map(({ name }) => name));
  const later = new Set(nodes.flatMap(givenBy).filter((name) => !there.has(name)));
  const left = [...nodes];
  const ordered: DeclaredNode[] = [];
  for (;;) {
    // A name that nobody gives holds up nobody: it is told of when the node is wired.
    const next = left.findIndex((node) => takenBy(node).every((name) => there.has(name) || !later.has(name)));
    const [node] = next === -1 ? [] : left.splice(next, 1);
    if (node === undefined) return [...ordered, ...left];
    ordered.push(node);
    for (const name of givenBy(node)) there.add(name);
  }
}

/** In an ensemble the order of the nodes says nothing, so that a name can stand for one tensor only. */
function givenTwice({ inputs, nodes }: DeclaredEnsemble): readonly string[] {
  const names = [...inputs.map(({ name }) => name), ...nodes.flatMap(givenBy)];
  return [...new Set(names.filter((name, at) => names.indexOf(name) < at))];
}

function takenBy(node: DeclaredNode): readonly string[] {
  return 'step' in node ? node.from : Object.values(node.inputs);
}

function givenBy(node: DeclaredNode): readonly string[] {
  return 'step' in node ? node.to : Object.values(node.outputs);
}

function wireModel(wiring: Wiring, node: DeclaredModel, { signature, call }: Part): void {
  const user = `model '${node.model}'`;
  const to = Object.values(node.outputs);
  const problems = [
    ...unmapped(node.inputs, signature.inputs, user, 'input'),
    ...Object.keys(node.outputs)
      .filter((name) => !signature.outputs.some((output) => output.name === name))
      .map((name) => `${user} has no output '${name}', it has ${namesOf(signature.outputs)}`),
  ];
  if (problems.length > 0) {
    wiring.problems.push(...problems);
    wiring.giveUp(to);
    return;
  }
  const from = signature.inputs.map(({ name }) => node.inputs[name] ?? name);
  const words = (given: TensorSpec, wanted: TensorSpec) =>
    `'${given.name}' for input '${wanted.name}' of ${user}`;
  if (!wiring.finds(from, signature.inputs, user, words)) {
    wiring.giveUp(to);
    return;
  }
  const gives = Object.keys(node.outputs).map(
    (name) =>
      signature.outputs.find((output) => output.name === name) ??
      ({ datatype: 'FP32', shape: [-1] } as const),
  );
  wiring.add({ name: node.model, from, to, gives, work: workOf(node, signature, call), waits: true });
}

function unmapped(
  mapped: Readonly<Record<string, string>>,
  specs: readonly TensorSpec[],
  user: string,
  what: string,
): readonly string[] {
  const unknown = Object.keys(mapped).filter((name) => !specs.some((spec) => spec.name === name));
  const missing = specs.filter(({ name }) => mapped[name] === undefined);
  return [
    ...unknown.map((name) => `${user} has no ${what} '${name}', it has ${namesOf(specs)}`),
    ...missing.map(
      ({ name }) =>
        `${user} needs its ${what} '${name}', and is given ${Object.keys(mapped).join(', ') || 'nothing'}`,
    ),
  ];
}

function namesOf(specs: readonly TensorSpec[]): string {
  return specs.map(({ name }) => name).join(', ');
}

function workOf(node: DeclaredModel, { inputs: specs }: PartSignature, call: Part['call']): Work {
  const wanted = Object.entries(node.outputs);
  return async (tensors, request, context) => {
    const inputs = tensors.map((tensor, at) => ({ ...tensor, name: specs[at]?.name ?? '' }));
    const { outputs } = await call(inputs, request, context);
    return wanted.map(([own, name]) => {
      const tensor = outputs.find((output) => output.name === own);
      if (tensor !== undefined) return { ...tensor, name };
      // The model was loaded again, and has others now.
      throw new ServingError('unavailable', `model '${node.model}' has no output '${own}' any more`);
    });
  };
}
