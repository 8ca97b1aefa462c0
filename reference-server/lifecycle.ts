import { writeSync } from 'node:fs';
import { StartupError } from './errors.ts';

/** The first signal drains, the second ends the process at once. With its parent gone the server stops as well. */
export function stopWhenAsked(stop: (reason: string) => Promise<void>, exitWithParent: boolean): void {
  let stopping = false;
  const onSignal = (reason: string) => {
    if (stopping) process.exit(130);
    stopping = true;
    stop(reason).then(() => process.exit(0), exitWithFatal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  if (exitWithParent) {
    process.stdin
      .on('error', () => {})
      .on('close', () => {
        if (!stopping) onSignal('the parent process is gone');
      });
    process.stdin.resume();
  }
}

/**
 * One line of JSON on stderr, then the exit: 3 for a bad configuration, 4 for everything else.
 * Without `advice` where the message says all.
 */
export function exitWithFatal(error: unknown): never {
  const fatal = error instanceof Error ? error.message : String(error);
  writeSync(2, `${JSON.stringify({ fatal, advice: adviceOf(error) })}\n`);
  process.exit(error instanceof StartupError ? error.exitCode : 4);
}

function adviceOf(error: unknown): string | undefined {
  const advice = error instanceof Error && 'advice' in error ? error.advice : undefined;
  return typeof advice === 'string' ? advice : undefined;
}
