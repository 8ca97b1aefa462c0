import { setMaxListeners } from 'node:events';
import { ServingError } from '../errors.ts';
import type { InferContext, InferRequest, InferResponse, Tensor } from '../infer.ts';
import { type Graph, type GraphNode, type Needed, neededFor } from './graph.ts';

type Tensors = readonly Tensor[];

/** Lets a node run, and keeps how long it took. */
export type Observe = (label: string, run: () => Tensors | Promise<Tensors>) => Tensors | Promise<Tensors>;

/** Different wishes for outputs whose part of the graph is kept: of more it is worked out each time. */
const MOST_KEPT = 64;

/**
 * Runs a graph for one request after another: each node as soon as its tensors are there, branches side by side. The
 * first failure is that of the request; branches under way are told by their signal, and nothing that waits begins.
 */
export class GraphRunner {
  readonly #graph: Graph;
  readonly #observe: Observe;
  readonly #kept = new Map<string, Needed>();

  constructor(graph: Graph, observe: Observe) {
    this.#graph = graph;
    this.#observe = observe;
  }

  async run(request: InferRequest, context: InferContext): Promise<InferResponse> {
    const needed = this.#neededFor(request.outputs);
    if (!needed.branches) return this.#runPart(needed, request, context);
    const stop = new Stop(context.signal);
    try {
      return await this.#runPart(needed, request, { ...context, signal: stop.signal });
    } finally {
      stop.end();
    }
  }

  async #runPart(needed: Needed, request: InferRequest, context: InferContext): Promise<InferResponse> {
    const values: (Tensor | Promise<Tensor>)[] = this.#graph.inputs.map(({ name }) =>
      inputNamed(request, name),
    );
    for (const node of needed.nodes) {
      const given = this.#start(node, values, request, context);
      for (const [at, slot] of node.gives.entries()) values[slot] = partOf(given, at);
    }
    const outputs = await Promise.all(
      needed.outputs.map(async ({ slot, name }) => named(await (values[slot] as Promise<Tensor>), name)),
    );
    return { outputs };
  }

  #start(
    node: GraphNode,
    values: readonly (Tensor | Promise<Tensor>)[],
    request: InferRequest,
    context: InferContext,
  ): Tensors | Promise<Tensors> {
    const inputs = node.takes.map((slot) => values[slot] as Tensor | Promise<Tensor>);
    const work = (ready: Tensors) => this.#observe(node.label, () => node.work(ready, request, context));
    if (!inputs.some((input) => input instanceof Promise)) return work(inputs as Tensors);
    return Promise.all(inputs).then((ready) => {
      if (context.signal?.aborted === true) {
        throw new ServingError('cancelled', 'the request ended before all of its steps had run');
      }
      return work(ready);
    });
  }

  #neededFor(outputs: readonly string[] | undefined): Needed {
    const key = outputs?.join('\n') ?? '';
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    const needed = neededFor(this.#graph, outputs);
    if (this.#kept.size < MOST_KEPT) this.#kept.set(key, needed);
    return needed;
  }
}

function partOf(given: Tensors | Promise<Tensors>, at: number): Tensor | Promise<Tensor> {
  if (!(given instanceof Promise)) return given[at] as Tensor;
  const part = given.then((tensors) => tensors[at] as Tensor);
  // The request fails with the first of its failures; the others are heard here.
  part.catch(() => {});
  return part;
}

function inputNamed({ inputs }: InferRequest, name: string): Tensor {
  const tensor = inputs.find((input) => input.name === name);
  if (tensor === undefined) throw new Error(`a request without its input "${name}" passed the checks`);
  return tensor;
}

function named(tensor: Tensor, name: string): Tensor {
  return tensor.name === name ? tensor : { ...tensor, name };
}

/** The signal of one run: the caller has gone, or the run is over. */
class Stop {
  readonly #caller: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #abort = () => this.#controller.abort();

  constructor(caller: AbortSignal | undefined) {
    this.#caller = caller;
    if (caller === undefined) return;
    if (caller.aborted) this.#abort();
    // All requests of one stream have one signal: many listeners are no leak.
    setMaxListeners(0, caller);
    caller.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    this.#caller?.removeEventListener('abort', this.#abort);
    this.#controller.abort();
  }
}
