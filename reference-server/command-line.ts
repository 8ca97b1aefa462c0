import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseServerConfig, type ServerConfig } from './config.ts';
import { StartupError } from './errors.ts';

export interface CommandLine {
  readonly config: ServerConfig;
  /** Stop when standard input closes: whoever started this server is gone. */
  readonly exitWithParent: boolean;
}

const USAGE =
  "Use --config-json '<json>' or --config <file.yaml>; --exit-with-parent stops when stdin closes.";

export function readCommandLine(args: readonly string[]): CommandLine {
  const values = parseFlags(args);
  const json = values['config-json'];
  const config =
    json === undefined ? parseServerConfig(...readConfigFile(values.config)) : parseServerConfig(json);
  return { config, exitWithParent: values['exit-with-parent'] ?? false };
}

function parseFlags(args: readonly string[]) {
  const options = {
    'config-json': { type: 'string' },
    config: { type: 'string' },
    'exit-with-parent': { type: 'boolean' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new StartupError(error instanceof Error ? error.message : String(error), USAGE, 3, {
      cause: error,
    });
  }
}

/** The text, and the file that it is from. */
function readConfigFile(path: string | undefined): [text: string, file: string] {
  if (path === undefined) throw new StartupError('no configuration was given', USAGE, 3);
  try {
    return [readFileSync(path, 'utf8'), path];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartupError(`the configuration file cannot be read: ${reason}`, USAGE, 3, { cause: error });
  }
}
