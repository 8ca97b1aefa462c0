import { basename, extname } from 'node:path';

/** The name under which the bundled server serves `model`: a path to an ONNX file goes by the file's name. */
export function servedName(model: string): string {
  return isPath(model) ? basename(model, extname(model)) : model;
}

function isPath(model: string): boolean {
  return /[\\/]|\.onnx$/i.test(model);
}
