import { parseServerConfig } from '../../reference-server/config.ts';
import type { TensorSpec } from '../../reference-server/execution/tensors.ts';
import { buildServer } from '../../reference-server/server.ts';
import { realClock } from '../../reference-server/telemetry/timings.ts';
import { EchoInstance } from './echo-instance.ts';

/** `echo` takes three floats a row; `many` takes one input of each kind, of which one has a variable length. */
export const MODELS: Readonly<Record<string, readonly TensorSpec[]>> = {
  echo: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
  many: [
    { name: 'bool', datatype: 'BOOL', shape: [-1, 2] },
    { name: 'int', datatype: 'INT64', shape: [-1, -1] },
    { name: 'byte', datatype: 'UINT8', shape: [-1, 4] },
    { name: 'half', datatype: 'FP16', shape: [-1, 1] },
    { name: 'wide', datatype: 'FP64', shape: [-1, 2] },
    { name: 'text', datatype: 'BYTES', shape: [-1, 1] },
  ],
};

export const BODY_LIMIT_BYTES = 64 * 1024;

export interface DoorServer {
  readonly restPort: number;
  readonly grpcUrl: string;
  close(): Promise<void>;
}

let running: Promise<DoorServer> | undefined;

/** The server of this thread, with both doors: started when it is first asked for. */
export function doorServer(settings: { readonly grpcPingMs?: number } = {}): Promise<DoorServer> {
  running ??= start(settings);
  return running;
}

export async function closeDoorServer(): Promise<void> {
  const server = await running;
  running = undefined;
  await server?.close();
}

async function start(settings: object): Promise<DoorServer> {
  const models = Object.keys(MODELS).map((name) => ({ name, source: name }));
  const batching = { maxRows: 16, maxQueueRows: 4096 };
  const config = {
    port: 0,
    grpcPort: 0,
    models,
    batching,
    drainMs: 100,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    ...settings,
  };
  const server = await buildServer(parseServerConfig(JSON.stringify(config)), {
    clock: realClock,
    startInstance: async ({ modelPath }) => new EchoInstance(MODELS[modelPath] ?? []),
    modelPath: async (source) => source,
    log: () => {},
    version: '1',
  });
  const restPort = Number(new URL(await server.listen()).port);
  const grpcUrl = (await server.listenGrpc()) ?? '';
  return { restPort, grpcUrl, close: () => server.stop() };
}
