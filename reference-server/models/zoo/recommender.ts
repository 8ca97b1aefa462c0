import type { TensorSpec } from '../../execution/tensors.ts';
import { GraphBuilder } from './graph-builder.ts';

const WIDTHS = [1024, 4096, 4096, 100] as const;
const SEED = 1_000_000;

export const RECOMMENDER_INPUTS: readonly TensorSpec[] = [
  { name: 'features', datatype: 'FP32', shape: [-1, WIDTHS[0]] },
];
export const RECOMMENDER_OUTPUTS: readonly TensorSpec[] = [
  { name: 'scores', datatype: 'FP32', shape: [-1, WIDTHS[3]] },
];

/**
 * Dense layers 1024-4096-4096-100 with ReLU between. One row reads all 85 MB of weights for 21 million multiply-adds, so
 * a CPU waits for memory; a batch reads them once for all of its rows, which is what batching is for.
 */
export function recommender(): { graph: GraphBuilder; multiplyAdds: number } {
  const graph = new GraphBuilder('recommender', SEED, RECOMMENDER_INPUTS, RECOMMENDER_OUTPUTS);
  let multiplyAdds = 0;
  const dense = (name: string, output: string, from: string, rows: number, columns: number): string => {
    multiplyAdds += rows * columns;
    // He's deviation keeps the size of the activations the same from layer to layer under ReLU.
    const weight = graph.weights(`${name}.weight`, [rows, columns], Math.sqrt(2 / rows));
    const bias = graph.weights(`${name}.bias`, [columns], 0.1);
    return graph.node('Gemm', output, [from, weight, bias]);
  };
  const first = graph.node('Relu', 'relu1', [dense('dense1', 'dense1', 'features', WIDTHS[0], WIDTHS[1])]);
  const second = graph.node('Relu', 'relu2', [dense('dense2', 'dense2', first, WIDTHS[1], WIDTHS[2])]);
  dense('dense3', 'scores', second, WIDTHS[2], WIDTHS[3]);
  return { graph, multiplyAdds };
}
