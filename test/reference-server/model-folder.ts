import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { GraphBuilder } from '../../reference-server/models/zoo/graph-builder.ts';

/** An ONNX model that multiplies each of three numbers: its answers tell which one ran. */
export function scaleModel(factor: number, rows = -1, weightsAmongInputs = false, columns = 3): Buffer {
  const spec = (name: string) => ({ name, datatype: 'FP32', shape: [rows, columns] }) as const;
  const weight = { name: 'factor', datatype: 'FP32', shape: [] } as const;
  const inputs = weightsAmongInputs ? [spec('x'), weight] : [spec('x')];
  const graph = new GraphBuilder('scale', 1, inputs, [spec('y')]);
  graph.node('Mul', 'y', ['x', graph.constant('factor', factor)]);
  return Buffer.concat([...graph.file()]);
}

/** A model repository in a folder of its own. */
export class ModelFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'inferometer-models-'));

  /** As a whole or not at all: nobody sees half a file. */
  write(file: string, content: string | Uint8Array): this {
    const path = join(this.path, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.part`, content);
    renameSync(`${path}.part`, path);
    return this;
  }

  remove(file = ''): void {
    rmSync(join(this.path, file), { recursive: true, force: true });
  }
}
