import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TensorSpec } from '../../reference-server/execution/tensors.ts';
import { GraphBuilder } from '../../reference-server/models/zoo/graph-builder.ts';

export const TINY_INPUTS: readonly TensorSpec[] = [{ name: 'x', datatype: 'FP32', shape: [-1, 16] }];
export const TINY_OUTPUTS: readonly TensorSpec[] = [{ name: 'y', datatype: 'FP32', shape: [-1, 4] }];

/** Dense layers 16-32-4: some ten microseconds a run, which are those of calling the runtime at all. The file goes with the process. */
export function tinyModelFile(): string {
  const graph = new GraphBuilder('tiny', 1, TINY_INPUTS, TINY_OUTPUTS);
  const dense = (output: string, from: string, rows: number, columns: number): string =>
    graph.node('Gemm', output, [
      from,
      graph.weights(`${output}.weight`, [rows, columns], 0.2),
      graph.weights(`${output}.bias`, [columns], 0.1),
    ]);
  dense('y', graph.node('Relu', 'positive', [dense('hidden', 'x', 16, 32)]), 32, 4);
  const path = join(tmpdir(), `inferometer-bench-${process.pid}-tiny.onnx`);
  writeFileSync(path, Buffer.concat([...graph.file()]));
  process.once('exit', () => rmSync(path, { force: true }));
  return path;
}
