import { add, at, dense, softmax, tensor, type Weights } from './reference-forward.ts';

/** The tokens as they are, without padding and therefore without a mask. */
export function textSentimentForward(weights: Weights, tokens: readonly number[]): Float64Array {
  let rows = tokens.map((token, place) =>
    norm(weights, 'embedding', plus(row(weights, 'word', token), row(weights, 'place', place))),
  );
  for (const layer of ['layer1', 'layer2']) {
    const attended = attention(weights, layer, rows);
    const between = rows.map((x, i) => norm(weights, `${layer}.attention`, plus(x, attended[i])));
    rows = between.map((x) => {
      const inner = dense(weights, `${layer}.inner`, x).map(gelu);
      return norm(weights, `${layer}.outer`, plus(x, dense(weights, `${layer}.outer`, inner)));
    });
  }
  const pooled = dense(weights, 'pooler', rows[0] ?? new Float64Array()).map(Math.tanh);
  return dense(weights, 'classifier', pooled);
}

/** Four heads: components 0-31, 32-63, 64-95, 96-127 of queries, keys and values. */
function attention(weights: Weights, layer: string, rows: readonly Float64Array[]): Float64Array[] {
  const project = (name: string) => rows.map((x) => dense(weights, `${layer}.${name}`, x));
  const [queries, keys, values] = [project('query'), project('key'), project('value')];
  return queries.map((query) => {
    const mixed = new Float64Array(128);
    for (let first = 0; first < 128; first += 32) {
      const scores = keys.map((key) => {
        let product = 0;
        for (let i = first; i < first + 32; i++) product += at(query, i) * at(key, i);
        return product / Math.sqrt(32);
      });
      for (const [token, share] of softmax(Float64Array.from(scores)).entries()) {
        const value = values[token] ?? new Float64Array();
        for (let i = first; i < first + 32; i++) add(mixed, i, share * at(value, i));
      }
    }
    return dense(weights, `${layer}.attention`, mixed);
  });
}

function row(weights: Weights, table: string, index: number): Float64Array {
  return Float64Array.from(tensor(weights, `embedding.${table}`).subarray(index * 128, (index + 1) * 128));
}

function plus(a: Float64Array, b: Float64Array = new Float64Array()): Float64Array {
  return a.map((value, i) => value + at(b, i));
}

function norm(weights: Weights, name: string, x: Float64Array): Float64Array {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const scale = tensor(weights, `${name}.norm.scale`);
  const shift = tensor(weights, `${name}.norm.shift`);
  return x.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * at(scale, i) + at(shift, i));
}

function gelu(x: number): number {
  return (x * (1 + erf(x / Math.SQRT2))) / 2;
}

/** Abramowitz and Stegun 7.1.6: all terms have one sign, so nothing cancels. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * Cho et al. (2014) with the reset gate after the recurrent product, as cuDNN and PyTorch have it. The gates lie in the
 * order update, reset, new state in the weights of ONNX; a bias for the input's part, then one for the state's.
 */
export function demandForecastForward(weights: Weights, history: Float32Array): Float64Array {
  let state = new Float64Array(256);
  for (let day = 0; day < 28; day++) {
    const x = Float64Array.from(history.subarray(day * 8, (day + 1) * 8));
    const fromInput = gates(weights, 'gru.input', x, 0);
    const fromState = gates(weights, 'gru.recurrent', state, 768);
    state = state.map((old, i) => {
      const update = sigmoid(at(fromInput, i) + at(fromState, i));
      const reset = sigmoid(at(fromInput, 256 + i) + at(fromState, 256 + i));
      const fresh = Math.tanh(at(fromInput, 512 + i) + reset * at(fromState, 512 + i));
      return (1 - update) * fresh + update * old;
    });
  }
  return dense(weights, 'dense', state);
}

/** 768 sums: the matrix has a row of weights for each. */
function gates(weights: Weights, name: string, x: Float64Array, firstBias: number): Float64Array {
  const weight = tensor(weights, name);
  const bias = tensor(weights, 'gru.bias');
  return Float64Array.from({ length: 768 }, (_, gate) =>
    x.reduce((sum, value, i) => sum + value * at(weight, gate * x.length + i), at(bias, firstBias + gate)),
  );
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
