import type { TensorSpec } from '../../execution/tensors.ts';
import { GraphBuilder } from './graph-builder.ts';

const SEED = 4_000_000;
const HIDDEN = 256;
const DAYS_SEEN = 28;
const DAYS_AHEAD = 7;

/** What is known of each day, normalised; the order of the last dimension of `history`. */
export const DAY_FEATURES: readonly string[] = [
  'units_sold',
  'price',
  'promotion',
  'holiday',
  'weekday_sin',
  'weekday_cos',
  'yearday_sin',
  'yearday_cos',
];

export const DEMAND_FORECAST_INPUTS: readonly TensorSpec[] = [
  { name: 'history', datatype: 'FP32', shape: [-1, DAYS_SEEN, DAY_FEATURES.length] },
];
export const DEMAND_FORECAST_OUTPUTS: readonly TensorSpec[] = [
  { name: 'forecast', datatype: 'FP32', shape: [-1, DAYS_AHEAD] },
];

/**
 * A GRU of 256 units reads 28 days, and a dense layer gives the next 7 from its last state. The days follow one another,
 * and each reads all weights for a single vector of a row. A batch of four costs a half to a third a row, and a larger one
 * gains no more, because the weights (0.8 MB) lie in the processor's cache anyway.
 */
export function demandForecast(): { graph: GraphBuilder; multiplyAdds: number } {
  const graph = new GraphBuilder('demand-forecast', SEED, DEMAND_FORECAST_INPUTS, DEMAND_FORECAST_OUTPUTS);
  const features = DAY_FEATURES.length;
  const gates = 3 * HIDDEN;
  // ONNX Runtime has no recurrent operator with the rows first.
  const byDay = graph.node('Transpose', 'by-day', ['history'], { perm: [1, 0, 2] });
  const input = graph.weights('gru.input', [1, gates, features], Math.sqrt(1 / features));
  const recurrent = graph.weights('gru.recurrent', [1, gates, HIDDEN], Math.sqrt(1 / HIDDEN));
  const bias = graph.weights('gru.bias', [1, 2 * gates], 0.1);
  const settings = { hidden_size: HIDDEN, linear_before_reset: 1 };
  const last = graph.node('GRU', 'gru.last', [byDay, input, recurrent, bias], settings, 1);
  const state = graph.node('Squeeze', 'state', [last, graph.integers('direction', [0])]);
  const weight = graph.weights('dense.weight', [HIDDEN, DAYS_AHEAD], Math.sqrt(1 / HIDDEN));
  graph.node('Gemm', 'forecast', [state, weight, graph.weights('dense.bias', [DAYS_AHEAD], 0.1)]);
  const multiplyAdds = DAYS_SEEN * gates * (features + HIDDEN) + HIDDEN * DAYS_AHEAD;
  return { graph, multiplyAdds };
}
