import { EXIT, type ExitCode, TargetError, UsageError } from '../errors.ts';

/** What the user reads on stderr: every problem, its place, and what to do. */
export function explainError(error: unknown): string {
  if (error instanceof UsageError) {
    const { length } = error.problems;
    return `${length > 1 ? `${length} problems:\n` : ''}${error.message}\n`;
  }
  if (error instanceof TargetError)
    return `${error.message}\n${error.advice === undefined ? '' : `    ${error.advice}\n`}`;
  const internal = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `An internal error, which should not happen; please report it:\n${internal}\n`;
}

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof UsageError || error instanceof TargetError ? error.exitCode : EXIT.targetOrInternal;
}
