import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type DoorSettings, tlsOptions } from './api/door-settings.ts';
import { serveGrpc } from './api/grpc.ts';
import { buildGrpcListener, type GrpcListener } from './api/grpc-listener.ts';
import { buildHttpListener, type HttpListener } from './api/http-listener.ts';
import { buildMetrics } from './api/metrics.ts';
import type { AnswerPlain } from './api/plain-door.ts';
import { mayServePlainly } from './api/plain-settings.ts';
import { answerPlain, serveRest } from './api/rest.ts';
import type { RestService } from './api/rest-service.ts';
import { RedisLinks } from './cache/redis-links.ts';
import type { ServerConfig } from './config.ts';
import { openRepository } from './models/open-repository.ts';
import type { ModelRepository } from './models/repository.ts';
import type { ServedModel, ServedModelDeps } from './models/served-model.ts';
import { ConcurrencyGate } from './operations/concurrency.ts';
import { type Credentials, readCredentials } from './operations/credentials.ts';
import { newDoorCounts } from './operations/door-counts.ts';
import { Doorkeeper } from './operations/doorkeeper.ts';

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

/** After the time for the requests under way. */
const LAST_WORDS_MS = 1000;

/** Loads every model and wires them to the routes; nothing listens yet. */
export async function buildServer(config: ServerConfig, deps: ServerDeps): Promise<ReferenceServer> {
  const credentials = readCredentials(config);
  const redis = new RedisLinks(deps);
  const repository = await openRepository(config, { ...deps, redis }).catch((error: unknown) => {
    redis.close();
    throw error;
  });
  const { models } = repository;
  const { rest, grpc } = doorsTo(models, config, credentials, deps);
  return {
    get models() {
      return models.all();
    },
    listen: () => rest.listen(config.host, config.port),
    listenGrpc: async () => grpc?.listen(config.host, config.grpcPort ?? 0),
    async stop() {
      await Promise.all([rest.drain(config.drainMs), grpc?.drain(config.drainMs)]);
      // What still waits is refused now, and whoever asked for it is told; what runs has as long as that takes.
      const closed = repository.close();
      await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
      await Promise.all([rest.close(LAST_WORDS_MS), grpc?.close(LAST_WORDS_MS)]);
      redis.close();
    },
  };
}

interface Doors {
  readonly rest: HttpListener;
  readonly grpc: GrpcListener | undefined;
}

function doorsTo(
  models: ModelRepository,
  config: ServerConfig,
  { tls, tokens, adminTokens }: Credentials,
  deps: ServerDeps,
): Doors {
  const { limits, bodyLimitBytes } = config;
  const { clock, version } = deps;
  const counts = newDoorCounts();
  const door: DoorSettings = { tls: tls && tlsOptions(tls), limits, counts };
  const answer: AnswerPlain = (request, caller) => answerPlain(request, caller, service);
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const startedAtMs = clock.nowMs();
    await serveRest(request, response, service);
    if (config.accessLog) {
      const tookMs = clock.nowMs() - startedAtMs;
      deps.log('served', { method: request.method, url: request.url, status: response.statusCode, tookMs });
    }
  };
  const plain = mayServePlainly(config) ? answer : undefined;
  const rest = buildHttpListener(serve, door, plain);
  const service: RestService = {
    models,
    metrics: buildMetrics(models, counts),
    clock,
    bodyLimitBytes,
    doorkeeper: new Doorkeeper(tokens, adminTokens, counts),
    gate: new ConcurrencyGate(limits, counts),
    limits,
    counts,
    version,
    draining: rest.draining,
    signalOf: rest.signalOf,
  };
  const { grpcPort, grpcPingMs } = config;
  return { rest, grpc: grpcPort === undefined ? undefined : grpcListener(service, door, grpcPingMs) };
}

function grpcListener(service: RestService, door: DoorSettings, pingMs: number): GrpcListener {
  const listener: GrpcListener = buildGrpcListener(
    serveGrpc({ ...service, draining: () => listener.draining() }),
    door,
    pingMs,
  );
  return listener;
}
