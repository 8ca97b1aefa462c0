import type { Problem } from '../errors.ts';

/** Makes a problem of the field at `path`, with its line in the file. */
export type Complain = (path: readonly string[], message: string, advice: string) => Problem;
