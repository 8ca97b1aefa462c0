import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { EXIT, type ExitCode, nearestName, UsageError } from '../errors.ts';
import { packageFile } from '../package-files.ts';
import { BUNDLED_MODELS } from '../scenario/bundled-models.ts';
import { servedName } from '../scenario/served-name.ts';
import { SERVE_FLAGS } from './flags.ts';

export interface ServeArguments {
  readonly model: readonly string[];
  /** A folder of models. */
  readonly models?: string | undefined;
  readonly control: string;
  /** A file that says everything, instead of the others. */
  readonly config?: string | undefined;
  /** Print the documented file and serve nothing. */
  readonly printConfig?: boolean;
  readonly host: string;
  readonly port: number;
  /** Left out: no gRPC. */
  readonly grpcPort?: number | undefined;
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

/**
 * Runs the bundled server in the foreground until Ctrl-C, which drains it. Resolves with its exit code; throws
 * UsageError for a model that there is not.
 */
export async function serveCommand(args: ServeArguments): Promise<ExitCode> {
  if (args.printConfig === true) {
    process.stdout.write(readFileSync(packageFile('reference-server', 'server.yaml')));
    return EXIT.ok;
  }
  refuseUnknownModels(args.model);
  refuseFlagsBesideFile(args.config, process.argv);
  const main = packageFile('dist', 'reference-server', 'main.js');
  // Its stdin stays open as long as we live: its end tells the server that we are gone, however we went.
  const child = spawn(process.execPath, [main, ...configArguments(args), '--exit-with-parent'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => forward(child, signal));
  createInterface({ input: child.stdout }).on('line', (line) => print(process.stdout, announced(line)));
  createInterface({ input: child.stderr }).on('line', (line) => print(process.stderr, readable(line)));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve((code ?? EXIT.targetOrInternal) as ExitCode));
  });
}

function refuseUnknownModels(sources: readonly string[]): void {
  const bundled = Object.keys(BUNDLED_MODELS);
  const unknown = sources.filter((source) => !bundled.includes(source) && !source.endsWith('.onnx'));
  if (unknown.length === 0) return;
  throw new UsageError(
    unknown.map((source) => ({
      field: '--model',
      message: `there is no model "${source}"; bundled: ${bundled.join(', ')}; or the path of an .onnx file`,
      ...adviceFor(nearestName(source, bundled)),
    })),
  );
}

function adviceFor(near: string | undefined): { advice?: string } {
  return near === undefined ? {} : { advice: `did you mean ${near}?` };
}

/** What a file says and what flags say would have to be merged: nobody could tell what then runs. */
export function refuseFlagsBesideFile(config: string | undefined, words: readonly string[]): void {
  if (config === undefined) return;
  const others = Object.keys(SERVE_FLAGS).filter(
    (flag) =>
      flag !== 'config' && words.some((word) => word === `--${flag}` || word.startsWith(`--${flag}=`)),
  );
  if (others.length === 0) return;
  throw new UsageError(
    others.map((flag) => ({ field: `--${flag}`, message: `goes with no --config: put it into ${config}` })),
  );
}

function configArguments(args: ServeArguments): string[] {
  if (args.config !== undefined) return ['--config', args.config];
  return ['--config-json', JSON.stringify(configOf(args))];
}

/** The server's own words for what the flags say; it refuses a field that it does not know. */
export function configOf(args: ServeArguments) {
  const { model, models: path, control, ...settings } = args;
  const { host, port, grpcPort, instances, threads, provider, batching } = settings;
  const sources = model.length === 0 && path === undefined ? ['recommender'] : model;
  const models = sources.map((source) => ({ name: servedName(source), source }));
  const load = control === 'explicit' ? ['*'] : [];
  const repository = path === undefined ? { mode: control } : { path, mode: control, load };
  return { models, repository, host, port, grpcPort, instances, threads, provider, batching };
}

/** A terminal sends Ctrl-C to the whole group already; a second one would cut the drain short. */
function forward(child: ChildProcess, signal: NodeJS.Signals): void {
  if (signal === 'SIGINT' && process.stdin.isTTY === true) return;
  child.kill(signal);
}

function print(stream: NodeJS.WriteStream, text: string): void {
  stream.write(`${text}\n`);
}

/** The line by which the server says that it listens, with what to do next; every other line as it came. */
export function announced(line: string): string {
  const ready = jsonOf(line) as {
    listening?: string;
    grpc?: string;
    models?: string[];
    providerRan?: string;
  };
  if (ready.listening === undefined) return line;
  const { listening, grpc, models = [], providerRan } = ready;
  const overGrpc = `  npx inferometer run capacity --url ${grpc} --protocol oip-grpc --model ${models[0]}`;
  const ran = providerRan === undefined ? '' : ` (provider ${providerRan})`;
  return [
    `Serving ${models.join(', ') || 'no model yet'} at ${listening}${ran}. Ctrl-C drains and stops.`,
    ...(models.length === 0
      ? [`  curl -X POST ${listening}/v2/repository/index`]
      : [
          `  npx inferometer run capacity --url ${listening} --model ${models[0]}`,
          ...(grpc === undefined ? [] : [overGrpc]),
          `  curl ${listening}/v2/models/${models[0]}`,
        ]),
  ].join('\n');
}

/** The server's fatal line as a person reads it; every other line as it came. */
export function readable(line: string): string {
  const { fatal, advice } = jsonOf(line) as { fatal?: string; advice?: string };
  if (fatal === undefined) return line;
  return advice === undefined ? fatal : `${fatal}\n    ${advice}`;
}

function jsonOf(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
