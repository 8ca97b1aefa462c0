import type { IncomingMessage, ServerResponse } from 'node:http';
import { buildHttpListener } from './api/http-listener.ts';
import { buildMetrics } from './api/metrics.ts';
import { serveRest } from './api/rest.ts';
import type { RestService } from './api/rest-service.ts';
import type { ServerConfig } from './config.ts';
import { ModelRepository } from './models/repository.ts';
import { type ServedModel, type ServedModelDeps, serveModel } from './models/served-model.ts';

export interface ServerDeps extends ServedModelDeps {
  /** The package's version, for the server metadata. */
  readonly version: string;
}

export interface ReferenceServer {
  readonly models: readonly ServedModel[];
  /** Binds the configured host and port; answers the URL. */
  listen(): Promise<string>;
  /** Finishes what is being served within `drainMs`, refuses the rest, ends every instance. */
  stop(): Promise<void>;
}

/** Loads every model and wires them to the routes; nothing listens yet. */
export async function buildServer(config: ServerConfig, deps: ServerDeps): Promise<ReferenceServer> {
  const served = await Promise.all(config.models.map((model) => serveModel(model, config, deps)));
  const models = new ModelRepository(served);
  const { version, clock } = deps;

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const startedAtMs = clock.nowMs();
    await serveRest(request, response, service);
    if (config.accessLog) {
      const tookMs = clock.nowMs() - startedAtMs;
      deps.log('served', { method: request.method, url: request.url, status: response.statusCode, tookMs });
    }
  };
  const listener = buildHttpListener(serve);
  const service: RestService = {
    models,
    metrics: buildMetrics(served),
    clock,
    bodyLimitBytes: config.bodyLimitBytes,
    version,
    draining: listener.draining,
    signalOf: listener.signalOf,
  };
  return {
    models: served,
    listen: () => listener.listen(config.host, config.port),
    async stop() {
      await listener.drain(config.drainMs);
      await models.close();
    },
  };
}
