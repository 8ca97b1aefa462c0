import { parseServerConfig } from '../../reference-server/config.ts';
import { buildServer, type ReferenceServer } from '../../reference-server/server.ts';
import type { ModelStatistics } from '../../reference-server/telemetry/statistics.ts';
import { realClock } from '../../reference-server/telemetry/timings.ts';
import { FakeInstance } from './fake-instance.ts';

/** A server on real sockets in this process, whose model `echo` is a stand-in. */
export interface EchoServer {
  readonly server: ReferenceServer;
  readonly url: string;
  readonly grpcUrl: string;
  readonly instance: FakeInstance;
  readonly statistics: ModelStatistics;
}

export async function startEchoServer(
  settings: object = {},
  modelPath = async (source: string) => `/models/${source}.onnx`,
): Promise<EchoServer> {
  const models = [{ name: 'echo', source: 'echo' }];
  const config = { port: 0, grpcPort: 0, models, drainMs: 50, ...settings };
  let instance: FakeInstance | undefined;
  const server = await buildServer(parseServerConfig(JSON.stringify(config)), {
    clock: realClock,
    startInstance: async (options) => {
      instance = new FakeInstance(options);
      return instance;
    },
    modelPath,
    log: () => {},
    version: '1.2.3',
  });
  const url = await server.listen();
  const grpcUrl = (await server.listenGrpc()) ?? '';
  const statistics = server.models[0]?.statistics;
  if (instance === undefined || statistics === undefined) throw new Error('no model runs');
  return { server, url, grpcUrl, instance, statistics };
}

/** One row for `echo`, as JSON. */
export function echoBody(...values: readonly number[]): string {
  return JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: values }] });
}

/** The same, for gRPC. */
export function echoMessage(...values: readonly number[]): object {
  const input = { name: 'x', datatype: 'FP32', shape: [1, 3] };
  const data = Buffer.from(Float32Array.from(values).buffer);
  return { model_name: 'echo', inputs: [input], raw_input_contents: [data] };
}
