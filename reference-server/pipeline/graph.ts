import type { TensorSpec } from '../execution/tensors.ts';
import type { InferContext, InferRequest, Tensor } from '../infer.ts';

/**
 * What a node does: tensors in the order of its slots, to tensors in the order of those that it gives. A promise where
 * it waits for a model.
 */
export type Work = (
  inputs: readonly Tensor[],
  request: InferRequest,
  context: InferContext,
) => readonly Tensor[] | Promise<readonly Tensor[]>;

/** A tensor within a graph lies in a slot: a name may stand for several of them, one after another. */
export interface GraphNode {
  /** For statistics and messages; differs from that of every other node. */
  readonly label: string;
  readonly takes: readonly number[];
  readonly gives: readonly number[];
  readonly work: Work;
  /** It waits for a model; the others compute at once. */
  readonly waits: boolean;
}

/** Steps and models wired to one another. The first slots are those of the inputs. */
export interface Graph {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly (TensorSpec & { readonly slot: number })[];
  /** Each after all whose tensors it takes. */
  readonly nodes: readonly GraphNode[];
  readonly slots: number;
}

/** The part of a graph that certain outputs need. */
export interface Needed {
  readonly nodes: readonly GraphNode[];
  readonly outputs: Graph['outputs'];
  /** More than one of its nodes waits: when one fails, others may be under way. */
  readonly branches: boolean;
}

/** Leaves out what no wanted output needs; without a wish all outputs are wanted. */
export function neededFor(graph: Graph, wanted: readonly string[] | undefined): Needed {
  const outputs = graph.outputs.filter(({ name }) => wanted === undefined || wanted.includes(name));
  const slots = new Set(outputs.map(({ slot }) => slot));
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.gives.some((slot) => slots.has(slot))) continue;
    nodes.push(node);
    for (const slot of node.takes) slots.add(slot);
  }
  return { nodes: nodes.reverse(), outputs, branches: nodes.filter(({ waits }) => waits).length > 1 };
}
