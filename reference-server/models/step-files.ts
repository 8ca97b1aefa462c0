import { existsSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { StepFiles } from '../pipeline/step.ts';

/** The lines of files by the names that a configuration has for them, from `folder` on; or why one cannot be read. */
export function readStepFiles(folder: string, names: readonly string[]): StepFiles | string {
  const missing = names.find((name) => !existsSync(resolve(folder, name)));
  if (missing !== undefined) return `there is no file ${resolve(folder, missing)}, which a step names`;
  try {
    return Object.fromEntries(names.map((name) => [name, linesOf(resolve(folder, name))]));
  } catch (error) {
    return `a step's file cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Without the last line where it is empty: the end of the one before. */
export function linesOf(path: string): readonly string[] {
  const lines = readFileSync(path, 'utf8').split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** A configuration may come with a request, which must not reach what is no part of the model. */
export function isOutside(folder: string, name: string): boolean {
  return relative(folder, resolve(folder, name)).startsWith('..');
}
