#!/usr/bin/env node
import { hideBin } from 'yargs/helpers';
import { exitCodeOf, explainError } from './commands/explain-error.ts';
import { parseCommandLine } from './commands/verbs.ts';

try {
  process.exitCode = await parseCommandLine(hideBin(process.argv));
} catch (error) {
  process.stderr.write(explainError(error));
  process.exitCode = exitCodeOf(error);
}
