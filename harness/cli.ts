#!/usr/bin/env node
import { hideBin } from 'yargs/helpers';
import { parseCommandLine } from './commands/command-line.ts';
import { exitCodeOf, explainError } from './commands/explain-error.ts';

// Whoever read the output has gone (`... | head`): nothing is left to say, and servers of ours end with us.
process.stdout.on('error', () => process.exit());

try {
  process.exitCode = await parseCommandLine(hideBin(process.argv));
} catch (error) {
  process.stderr.write(explainError(error));
  process.exitCode = exitCodeOf(error);
}
