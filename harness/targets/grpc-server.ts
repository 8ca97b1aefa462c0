import { connect } from 'node:net';
import { TargetError } from '../errors.ts';
import { withoutSecrets } from '../record/redaction.ts';
import type { ExternalTargetSpec } from '../scenario/target-spec.ts';
import type { RunningTarget, TargetEndpoint } from './target.ts';

const CONNECT_MS = 5000;

/** A gRPC server that is asked nothing but the one call: it must accept connections. */
export async function grpcServer(
  spec: ExternalTargetSpec,
  endpoint: TargetEndpoint,
  timeoutMs = CONNECT_MS,
): Promise<RunningTarget> {
  await accepts(spec.url, timeoutMs);
  const { method, call } = spec.grpc ?? { method: '/', call: 'unary' };
  return {
    spec,
    endpoint,
    model: { name: method, inputs: [], outputs: [] },
    requested: withoutSecrets({
      url: spec.url,
      protocol: spec.protocol,
      method,
      call,
      headers: spec.headers,
      ...(spec.machine === undefined ? {} : { machine: spec.machine }),
    }),
    effective: {},
    statistics: async () => ({ missing: 'any gRPC server has none that is known' }),
    died: new Promise(() => {}),
    stop: async () => {},
  };
}

function accepts(url: string, timeoutMs: number): Promise<void> {
  const path = url.startsWith('unix:') ? url.slice('unix:'.length) : undefined;
  const { hostname, port, protocol } = new URL(
    path === undefined ? url.replace(/^grpc/, 'http') : 'http://-',
  );
  const usual = protocol === 'https:' ? 443 : 80;
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || usual) };
  return new Promise((resolve, reject) => {
    const socket = connect(path === undefined ? { ...address, timeout: timeoutMs } : { path });
    const fail = (why: string): void => {
      socket.destroy();
      reject(
        new TargetError(`${url} does not accept connections (${why}).`, 'Start it, or correct target.url.'),
      );
    };
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => fail(`nothing for ${timeoutMs} ms`));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
  });
}
