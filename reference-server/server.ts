import type { IncomingMessage, ServerResponse } from 'node:http';
import { serveGrpc } from './api/grpc.ts';
import { buildGrpcListener, type GrpcListener } from './api/grpc-listener.ts';
import { buildHttpListener } from './api/http-listener.ts';
import { buildMetrics } from './api/metrics.ts';
import { serveRest } from './api/rest.ts';
import type { RestService } from './api/rest-service.ts';
import { RedisLinks } from './cache/redis-links.ts';
import type { ServerConfig } from './config.ts';
import { openRepository } from './models/open-repository.ts';
import type { ServedModel, ServedModelDeps } from './models/served-model.ts';

export interface ServerDeps extends Omit<ServedModelDeps, 'redis'> {
  /** The package's version, for the server metadata. */
  readonly version: string;
}

export interface ReferenceServer {
  /** What runs when this is read. */
  readonly models: readonly ServedModel[];
  /** Binds the configured host and port; answers the URL. */
  listen(): Promise<string>;
  /** The same for gRPC; undefined where it is not configured. */
  listenGrpc(): Promise<string | undefined>;
  /** Finishes what is being served within `drainMs`, refuses the rest, ends every instance. */
  stop(): Promise<void>;
}

/** Loads every model and wires them to the routes; nothing listens yet. */
export async function buildServer(config: ServerConfig, deps: ServerDeps): Promise<ReferenceServer> {
  const redis = new RedisLinks(deps);
  const repository = await openRepository(config, { ...deps, redis }).catch((error: unknown) => {
    redis.close();
    throw error;
  });
  const { models } = repository;
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
    metrics: buildMetrics(models),
    clock,
    bodyLimitBytes: config.bodyLimitBytes,
    version,
    draining: listener.draining,
    signalOf: listener.signalOf,
  };
  const { grpcPort } = config;
  const grpc = grpcPort === undefined ? undefined : grpcListener(service, config.grpcPingMs);
  return {
    get models() {
      return models.all();
    },
    listen: () => listener.listen(config.host, config.port),
    listenGrpc: async () => grpc?.listen(config.host, grpcPort ?? 0),
    async stop() {
      await Promise.all([listener.drain(config.drainMs), grpc?.drain(config.drainMs)]);
      await repository.close();
      redis.close();
    },
  };
}

function grpcListener(service: RestService, pingMs: number): GrpcListener {
  const listener: GrpcListener = buildGrpcListener(
    serveGrpc({ ...service, draining: () => listener.draining() }),
    pingMs,
  );
  return listener;
}
