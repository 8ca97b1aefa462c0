import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { EXIT, type ExitCode, nearestName, UsageError } from '../errors.ts';
import { packageFile } from '../package-files.ts';
import { BUNDLED_MODELS } from '../scenario/bundled-models.ts';
import { servedName } from '../scenario/served-name.ts';

export interface ServeArguments {
  readonly model: readonly string[];
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
  refuseUnknownModels(args.model);
  const main = packageFile('dist', 'reference-server', 'main.js');
  // Its stdin stays open as long as we live: its end tells the server that we are gone, however we went.
  const child = spawn(
    process.execPath,
    [main, '--config-json', JSON.stringify(configOf(args)), '--exit-with-parent'],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  );
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

/** The server's own words for what the flags say; it refuses a field that it does not know. */
function configOf({ model, ...settings }: ServeArguments) {
  const { host, port, grpcPort, instances, threads, provider, batching } = settings;
  const models = model.map((source) => ({ name: servedName(source), source }));
  return { models, host, port, grpcPort, instances, threads, provider, batching };
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
  return [
    `Serving ${models.join(', ')} at ${listening} (provider ${providerRan}). Ctrl-C drains and stops.`,
    `  npx inferometer run capacity --url ${listening} --model ${models[0]}`,
    ...(grpc === undefined ? [] : [overGrpc]),
    `  curl ${listening}/v2/models/${models[0]}`,
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
