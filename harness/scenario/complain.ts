import type { Problem } from '../errors.ts';

/** Makes a problem of the field at `path`, with its line in the file. */
export type Complain = (path: readonly string[], message: string, advice: string) => Problem;

/** By line, each once: twenty settings repeat the same mistake twenty times. */
export function inOrder(problems: readonly Problem[]): Problem[] {
  const once = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...once.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
