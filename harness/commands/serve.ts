import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { EXIT, type ExitCode } from '../errors.ts';
import { packageFile } from '../package-files.ts';

export interface ServeArguments {
  readonly model: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly instances: number;
  readonly threads: number;
  readonly provider: string;
  readonly batching: {
    readonly maxRows: number;
    readonly maxDelayMs: number;
    readonly maxQueueRows: number;
    readonly inFlight: number;
  };
}

/** Runs the bundled server in the foreground until Ctrl-C, which drains it. Resolves with its exit code. */
export function serveCommand(args: ServeArguments): Promise<ExitCode> {
  const { model, ...rest } = args;
  const config = { ...rest, models: model.map((source) => ({ name: modelName(source), source })) };
  const main = packageFile('dist', 'reference-server', 'main.js');
  const child = spawn(process.execPath, [main, '--config-json', JSON.stringify(config)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => forward(child, signal));
  createInterface({ input: child.stdout }).on('line', announce);
  createInterface({ input: child.stderr }).on('line', (line) => process.stderr.write(`${readable(line)}\n`));
  return new Promise((resolve) => {
    child.on('exit', (code) => resolve((code ?? EXIT.targetOrInternal) as ExitCode));
  });
}

/** A terminal sends Ctrl-C to the whole group already; a second one would cut the drain short. */
function forward(child: { kill(signal: NodeJS.Signals): boolean }, signal: NodeJS.Signals): void {
  if (signal === 'SIGINT' && process.stdin.isTTY === true) return;
  child.kill(signal);
}

/** `./ranker.onnx` is served as `ranker`, a bundled model under its own name. */
export function modelName(source: string): string {
  return (source.split('/').at(-1) ?? source).replace(/\.onnx$/, '');
}

function announce(line: string): void {
  const ready = JSON.parse(line) as { listening: string; models: string[]; providerRan: string };
  const [first = ''] = ready.models;
  process.stdout.write(
    [
      `Serving ${ready.models.join(', ')} at ${ready.listening} (provider ${ready.providerRan}). Ctrl-C drains and stops.`,
      `  npx inferometer run capacity --url ${ready.listening} --model ${first}`,
      `  curl ${ready.listening}/v2/models/${first}`,
      '',
    ].join('\n'),
  );
}

/** The server's fatal line as a person reads it; everything else as it came. */
function readable(line: string): string {
  try {
    const entry = JSON.parse(line) as { fatal?: string; advice?: string };
    if (entry.fatal === undefined) return line;
    return entry.advice === undefined ? entry.fatal : `${entry.fatal}\n    ${entry.advice}`;
  } catch {
    return line;
  }
}
