import type { TensorSpec } from '../../execution/tensors.ts';
import { ELEMENT_TYPE, GraphBuilder } from './graph-builder.ts';

const SEED = 3_000_000;
const LAYERS = 2;
const WIDTH = 128;
const HEADS = 4;
const INNER = 512;

/** Token ids are 0 … 8191. */
export const VOCABULARY = 8192;
/** Of one text, padding included. */
export const MOST_TOKENS = 64;

/** Taken off the scores of padding: in float32 its share of the attention is then exactly 0. */
const MASKED = 10_000;

export const TEXT_SENTIMENT_INPUTS: readonly TensorSpec[] = [
  { name: 'input_ids', datatype: 'INT64', shape: [-1, -1] },
  { name: 'attention_mask', datatype: 'INT64', shape: [-1, -1] },
];
export const TEXT_SENTIMENT_OUTPUTS: readonly TensorSpec[] = [
  { name: 'logits', datatype: 'FP32', shape: [-1, 3] },
];

/** A text of full length, without padding. */
export const TEXT_SENTIMENT_EXAMPLES = {
  input_ids: { values: `ints(0, ${VOCABULARY - 1})`, shape: [MOST_TOKENS] },
  attention_mask: { values: 'ints(1, 1)', shape: [MOST_TOKENS] },
} as const;

/** Other tokens, and more of them, are in none of the model's tables: the runtime would fail the whole batch. */
export const TEXT_SENTIMENT_LIMITS = {
  input_ids: { min: 0, max: VOCABULARY - 1, maxShape: [-1, MOST_TOKENS] },
  attention_mask: { min: 0, max: 1, sameShapeAs: 'input_ids' },
} as const;

export const SENTIMENT_LABELS: readonly string[] = ['POSITIVE', 'NEUTRAL', 'NEGATIVE'];

/**
 * A transformer encoder of BERT's design: two layers of width 128 with four heads, and the first token's vector
 * classified. A text has 1 to 64 tokens; those whose `attention_mask` is 0 are padding, which changes no answer. The
 * multiply-adds are those of a text of 64 tokens.
 *
 * Every matrix is used once for each token, so with long texts one row already keeps a CPU computing and batching gains
 * little; with short ones it gains more.
 */
export function textSentiment(): { graph: GraphBuilder; multiplyAdds: number } {
  const encoder = new Encoder();
  let hidden = encoder.embed();
  for (let number = 1; number <= LAYERS; number++) hidden = encoder.layer(`layer${number}`, hidden);
  encoder.classify(hidden);
  return encoder;
}

/** Between the layers a tensor is [batch, tokens, 128]. */
class Encoder {
  readonly graph = new GraphBuilder('text-sentiment', SEED, TEXT_SENTIMENT_INPUTS, TEXT_SENTIMENT_OUTPUTS);
  multiplyAdds = 0;
  readonly #zero = this.graph.integers('zero', 0);
  readonly #perHead = this.graph.integers('per-head', [0, 0, HEADS, WIDTH / HEADS]);
  readonly #joined = this.graph.integers('joined', [0, 0, WIDTH]);
  readonly #scale = this.graph.constant('scale', 1 / Math.sqrt(WIDTH / HEADS));
  readonly #gelu = {
    root: this.graph.constant('root-of-two', Math.SQRT2),
    one: this.graph.constant('one', 1),
    half: this.graph.constant('half', 0.5),
  };
  readonly #penalty = this.#maskPenalty();

  /**
   * The vectors of the tokens and of their places, added and normalised. A place is counted instead of taken from the
   * input's shape, because ONNX Runtime puts shapes on the CPU, and then the model does not run wholly on a GPU.
   */
  embed(): string {
    const { graph } = this;
    const words = graph.weights('embedding.word', [VOCABULARY, WIDTH], 1);
    const places = graph.weights('embedding.place', [MOST_TOKENS, WIDTH], 0.5);
    const ones = graph.node('Gather', 'ones', [graph.constant('one-or-one', [1, 1]), 'attention_mask'], {
      axis: 0,
    });
    const before = graph.node('CumSum', 'tokens-before', [ones, graph.integers('along', 1)], {
      exclusive: 1,
    });
    const place = graph.node('Cast', 'place', [before], { to: ELEMENT_TYPE.INT32 });
    const used = graph.node('Gather', 'places', [places, place], { axis: 0 });
    const looked = graph.node('Gather', 'words', [words, 'input_ids'], { axis: 0 });
    return this.#normalise('embedding', graph.node('Add', 'embedding.sum', [looked, used]));
  }

  layer(name: string, from: string): string {
    const { graph } = this;
    const attended = this.#attention(name, from);
    const sum = graph.node('Add', `${name}.attention.sum`, [from, attended]);
    const between = this.#normalise(`${name}.attention`, sum);
    const inner = this.#activate(name, this.#dense(`${name}.inner`, between, WIDTH, INNER));
    const outer = this.#dense(`${name}.outer`, inner, INNER, WIDTH);
    return this.#normalise(`${name}.outer`, graph.node('Add', `${name}.outer.sum`, [between, outer]));
  }

  classify(from: string): void {
    const first = this.graph.node('Gather', 'first', [from, this.#zero], { axis: 1 });
    const pooled = this.graph.node('Tanh', 'pooled', [this.#dense('pooler', first, WIDTH, WIDTH, 1)]);
    this.#dense('classifier', pooled, WIDTH, SENTIMENT_LABELS.length, 1, 'logits');
  }

  /** [batch, 1, 1, tokens]: 0 for a token that counts, -10,000 for padding. */
  #maskPenalty(): string {
    const { graph } = this;
    const penalties = graph.constant('penalties', [-MASKED, 0]);
    const penalty = graph.node('Gather', 'penalty', [penalties, 'attention_mask'], { axis: 0 });
    return graph.node('Unsqueeze', 'penalty.broadcast', [penalty, graph.integers('penalty.axes', [1, 2])]);
  }

  #attention(name: string, from: string): string {
    const { graph } = this;
    this.multiplyAdds += 2 * MOST_TOKENS * MOST_TOKENS * WIDTH;
    const query = this.#heads(`${name}.query`, from, [0, 2, 1, 3]);
    const key = this.#heads(`${name}.key`, from, [0, 2, 3, 1]);
    const value = this.#heads(`${name}.value`, from, [0, 2, 1, 3]);
    const products = graph.node('MatMul', `${name}.products`, [query, key]);
    const scores = graph.node('Mul', `${name}.scores`, [products, this.#scale]);
    const masked = graph.node('Add', `${name}.masked`, [scores, this.#penalty]);
    const shares = graph.node('Softmax', `${name}.shares`, [masked], { axis: 3 });
    const mixed = graph.node('MatMul', `${name}.mixed`, [shares, value]);
    const turned = graph.node('Transpose', `${name}.turned`, [mixed], { perm: [0, 2, 1, 3] });
    const joined = graph.node('Reshape', `${name}.joined`, [turned, this.#joined]);
    return this.#dense(`${name}.attention`, joined, WIDTH, WIDTH);
  }

  /** A dense layer, its 128 values dealt to four heads: [batch, tokens, 4, 32], its axes then reordered. */
  #heads(name: string, from: string, perm: readonly number[]): string {
    const flat = this.#dense(name, from, WIDTH, WIDTH);
    const dealt = this.graph.node('Reshape', `${name}.dealt`, [flat, this.#perHead]);
    return this.graph.node('Transpose', `${name}.heads`, [dealt], { perm });
  }

  #dense(
    name: string,
    from: string,
    inputs: number,
    outputs: number,
    tokens = MOST_TOKENS,
    output = `${name}.dense`,
  ): string {
    this.multiplyAdds += tokens * inputs * outputs;
    const weight = this.graph.weights(`${name}.weight`, [inputs, outputs], Math.sqrt(1 / inputs));
    const bias = this.graph.weights(`${name}.bias`, [outputs], 0.1);
    return this.graph.node('Add', output, [
      this.graph.node('MatMul', `${name}.product`, [from, weight]),
      bias,
    ]);
  }

  /** GELU: x (1 + erf(x / sqrt 2)) / 2. */
  #activate(name: string, from: string): string {
    const { graph } = this;
    const part = (operator: string, step: string, a: string, b: string) =>
      graph.node(operator, `${name}.gelu.${step}`, [a, b]);
    const erf = graph.node('Erf', `${name}.gelu.erf`, [part('Div', 'scaled', from, this.#gelu.root)]);
    const gate = part('Add', 'gate', erf, this.#gelu.one);
    return part('Mul', 'half', part('Mul', 'gated', from, gate), this.#gelu.half);
  }

  #normalise(name: string, from: string): string {
    const scale = this.graph.weights(`${name}.norm.scale`, [WIDTH], 0.1, 1);
    const shift = this.graph.weights(`${name}.norm.shift`, [WIDTH], 0.1);
    return this.graph.node('LayerNormalization', `${name}.norm`, [from, scale, shift], { axis: 2 });
  }
}
