import { withoutSecrets } from '../record/redaction.ts';
import type { ExternalTargetSpec } from '../scenario/target-spec.ts';
import { maxRowsPerRequest, ownSettings, type Settings, tritonSettings } from './effective-settings.ts';
import { endpointOf } from './external-endpoint.ts';
import { grpcServer } from './grpc-server.ts';
import { type HttpJson, httpJson } from './http-json.ts';
import { awaitReady, modelPath, readModel } from './open-inference.ts';
import { openInferenceGrpc } from './open-inference-grpc.ts';
import { readStatisticsOf } from './statistics.ts';
import type { RunningTarget, Target, TargetEndpoint } from './target.ts';

export interface ExternalTargetOptions {
  /** For each question before and after the load. */
  readonly timeoutMs?: number;
  /** How long a server may say that it is not ready yet. */
  readonly readyWithinMs?: number;
}

/** A server that somebody else runs, by its URL. Nothing of it is changed; what it runs is read back. */
export function externalTarget(spec: ExternalTargetSpec, options: ExternalTargetOptions = {}): Target {
  const { url, headers, model: name } = spec;
  return {
    async start() {
      const endpoint = endpointOf(spec);
      if (spec.protocol === 'oip-grpc') return openInferenceGrpc(spec, endpoint, options);
      if (spec.protocol === 'grpc') return grpcServer(spec, endpoint, options.timeoutMs);
      const http = httpJson(url, {
        headers: endpoint.headers,
        ...(endpoint.tls === undefined ? {} : { tls: endpoint.tls }),
        ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
      });
      if (spec.protocol === 'http') return plainServer(spec, endpoint, http);
      await awaitReady(http, options.readyWithinMs);
      const model = await readModel(http, name);
      const others = await Promise.all((spec.otherModels ?? []).map((other) => readModel(http, other)));
      const config = await readConfig(http, name);
      const maxRows = maxRowsPerRequest(config);
      return {
        spec,
        endpoint,
        model: maxRows === undefined ? model : { ...model, maxRows },
        ...(others.length === 0 ? {} : { otherModels: others }),
        requested: withoutSecrets({
          url,
          protocol: spec.protocol,
          model: name,
          headers,
          // For whoever prices the run: the machine that the user says the server runs on.
          ...(spec.machine === undefined ? {} : { machine: spec.machine }),
        }),
        effective: {
          model: model.name,
          ...(model.version === undefined ? {} : { 'model.version': model.version }),
          ...(await serverSettings(http)),
          ...(ownSettings(config) ?? tritonSettings(config)),
        },
        statistics: () => readStatisticsOf(http, [name, ...others.map((other) => other.name)]),
        // Not ours to watch: a server that goes away shows in the outcomes of its requests.
        died: new Promise(() => {}),
        stop: async () => {},
      };
    },
  };
}

/** A server that is asked nothing but the one request: it must answer, whatever it says. */
async function plainServer(
  spec: ExternalTargetSpec,
  endpoint: TargetEndpoint,
  http: HttpJson,
): Promise<RunningTarget> {
  await http.ask('GET', spec.http?.path ?? '/');
  const { method, path } = spec.http ?? { method: 'GET', path: '/' };
  return {
    spec,
    endpoint,
    model: { name: `${method} ${path}`, inputs: [], outputs: [] },
    requested: withoutSecrets({
      url: spec.url,
      protocol: spec.protocol,
      method,
      path,
      headers: spec.headers,
    }),
    effective: {},
    statistics: async () => ({ missing: 'a plain HTTP server has none' }),
    died: new Promise(() => {}),
    stop: async () => {},
  };
}

/** The model configuration extension; most servers but Triton answer 404, which says nothing about them. */
async function readConfig(http: HttpJson, name: string): Promise<unknown> {
  const answer = await http.ask('GET', modelPath(name, '/config'));
  return answer.ok ? answer.json : undefined;
}

async function serverSettings(http: HttpJson): Promise<Settings> {
  const answer = await http.ask('GET', '/v2');
  const { name, version } = (answer.ok ? (answer.json ?? {}) : {}) as { name?: unknown; version?: unknown };
  return {
    ...(typeof name === 'string' ? { 'server.name': name } : {}),
    ...(typeof version === 'string' ? { 'server.version': version } : {}),
    ...(answer.via === undefined ? {} : { via: answer.via }),
  };
}
