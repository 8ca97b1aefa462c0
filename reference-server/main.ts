import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { pino } from 'pino';
import { readCommandLine } from './command-line.ts';
import { startInlineInstance } from './execution/inline-instance.ts';
import { startInstance } from './execution/instance.ts';
import { exitWithFatal, stopWhenAsked } from './lifecycle.ts';
import { modelPath } from './models/model-source.ts';
import { buildServer, type ReferenceServer } from './server.ts';
import { realClock } from './telemetry/timings.ts';

// V8 collects everything when what lies outside its heap has grown by a share of what lies inside, and the pieces of a
// picture that has been read, and the batch that comes back from its thread, are several times the small heap of this
// process: with pictures it did so for every other batch. Its own largest share, whatever else it makes of the load.
setFlagsFromString('--heap-growing-percent=300');

const log = pino(pino.destination({ dest: 2, sync: true }));

async function main(): Promise<void> {
  const { config, exitWithParent } = readCommandLine(process.argv.slice(2));
  const server = await buildServer(config, {
    clock: realClock,
    startInstance: (options) =>
      options.placement === 'inline' ? startInlineInstance(options) : startInstance(options),
    modelPath,
    log: (event, detail) => log.info(detail, event),
    version: packageVersion(),
  });
  const url = await server.listen();
  const grpc = await server.listenGrpc();
  stopWhenAsked((reason) => stop(server, reason), exitWithParent);
  announce(server, { listening: url, grpc });
}

async function stop(server: ReferenceServer, reason: string): Promise<void> {
  log.info({ reason }, 'draining');
  await server.stop();
  log.info('stopped');
}

/** The one line on stdout, for whoever started this process. */
function announce(server: ReferenceServer, doors: { listening: string; grpc: string | undefined }): void {
  const models = [...new Set(server.models.map((model) => model.signature.name))];
  const providerRan = server.models
    .map((model) => model.effective()?.providerRan)
    .find((ran) => ran !== undefined);
  console.log(JSON.stringify({ ...doors, pid: process.pid, models, providerRan }));
}

function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

main().catch(exitWithFatal);
