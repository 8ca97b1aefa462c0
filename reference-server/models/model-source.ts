import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { StartupError } from '../errors.ts';
import { ensureModel } from './zoo/model-cache.ts';
import { zooNames } from './zoo/zoo.ts';

/** Path of the ONNX file that a source names: a bundled model (built on first use), or a file of the user's. */
export async function modelPath(source: string): Promise<string> {
  if (zooNames().includes(source)) return ensureModel(source);
  const bundled = `Bundled models: ${zooNames().join(', ')}. The path of an .onnx file works as well.`;
  if (!source.endsWith('.onnx')) throw new StartupError(`unknown model '${source}'`, bundled);
  const path = resolve(source);
  if (!existsSync(path)) throw new StartupError(`there is no model file at ${path}`, bundled);
  return path;
}
