import type { IncomingMessage, ServerResponse } from 'node:http';
import { invalid, ServingError } from '../errors.ts';
import type { ModelRepository } from '../models/repository.ts';
import type { VersionCounters } from '../models/repository-entry.ts';
import { accessTo } from './access.ts';
import { ArrivingBody } from './arriving-body.ts';
import { packed } from './content-encoding.ts';
import { counted, serveInfer } from './infer-route.ts';
import { modelConfig, modelMetadata, modelStatistics } from './model-documents.ts';
import type { PlainCaller, PlainRequest } from './plain-lane.ts';
import { failureReply, jsonReply, type Reply, send } from './reply.ts';
import { flushCacheReply, indexReply, loadReply, routingReply, unloadReply } from './repository-routes.ts';
import { tooLarge } from './request-body.ts';
import type { RestService } from './rest-service.ts';
import { type Route, routeOf } from './route-table.ts';
import { serverMetadata } from './server-metadata.ts';

/** Answers one request of the Open Inference Protocol over REST. Never rejects. */
export async function serveRest(
  request: IncomingMessage,
  response: ServerResponse,
  service: RestService,
): Promise<void> {
  const reply = await replyTo(request, service).catch((error: unknown) =>
    failureReply(error, service.limits.retryAfterMs),
  );
  const accepted = request.headers['accept-encoding'];
  send(response, accepted === undefined ? reply : await packed(reply, accepted), service.draining());
}

async function replyTo(request: IncomingMessage, service: RestService): Promise<Reply> {
  if (request.headers.host === undefined && request.httpVersion === '1.1') {
    throw invalid('the request has no Host header, which HTTP/1.1 asks for');
  }
  const route = routeOf(request.method ?? 'GET', request.url ?? '/');
  const caller = service.doorkeeper.admit(request.headers.authorization, accessTo(route.to));
  switch (route.to) {
    case 'infer':
      return leasedInfer(request, route.model, route.version, service, caller);
    case 'repository-index':
      return indexReply(request, service);
    case 'load':
      return loadReply(request, route.model, service);
    case 'unload':
      return unloadReply(request, route.model, service);
    case 'routing':
      return routingReply(request, route.model, service);
    case 'flush-cache':
      return flushCacheReply(request, route.model, service);
    default:
      return documentFor(route, service);
  }
}

/** The model stays loaded until the answer is made. */
async function leasedInfer(
  request: IncomingMessage,
  name: string,
  version: string | undefined,
  service: RestService,
  caller: string | undefined,
): Promise<Reply> {
  const lease = service.models.lease(name, version, request.headers['routing-key']?.toString());
  try {
    return await serveInfer(request, lease.model, service, caller);
  } finally {
    lease.release();
  }
}

/** The same for a request whose head is here already, and its body if that is small. Never rejects. */
export async function answerPlain(
  { head, body, memory }: PlainRequest,
  { gone, address }: PlainCaller,
  service: RestService,
): Promise<Reply> {
  try {
    // A request that says who it is from is not plain: this is about those who should have.
    const caller = service.doorkeeper.admit(undefined, accessTo('infer'));
    const lease = service.models.lease(head.model, head.version);
    try {
      return await counted(
        lease.model,
        service,
        () => caller ?? address(),
        () => {
          if (head.bodyBytes > service.bodyLimitBytes) throw tooLarge(head.bodyBytes, service.bodyLimitBytes);
          const about = { jsonBytes: head.jsonBytes, gone, memory };
          if (body instanceof ArrivingBody) return body.whole().then((whole) => ({ body: whole, ...about }));
          return { body, ...about };
        },
      );
    } finally {
      if (lease.model.infer.forgets && body instanceof ArrivingBody) body.giveBack();
      lease.release();
    }
  } catch (error) {
    return failureReply(error, service.limits.retryAfterMs);
  }
}

type DocumentRoute = Exclude<
  Route,
  { to: 'infer' | 'repository-index' | 'load' | 'unload' | 'routing' | 'flush-cache' }
>;

async function documentFor(route: DocumentRoute, service: RestService): Promise<Reply> {
  const { models } = service;
  switch (route.to) {
    case 'live':
      return jsonReply({ live: true });
    case 'ready':
      if (service.draining() || !models.ready())
        throw new ServingError('not-ready', 'the server is not ready');
      return jsonReply({ ready: true });
    case 'server-metadata':
      return jsonReply(serverMetadata(service.version));
    case 'metrics': {
      const { contentType, text } = await service.metrics.page();
      return { status: 200, contentType, body: Buffer.from(text, 'utf8') };
    }
    case 'all-statistics':
      return jsonReply({ model_stats: models.allCounters().map(modelStatistics) });
    case 'model-statistics':
      return jsonReply({
        model_stats: statisticsOf(route.model, route.version, models).map(modelStatistics),
      });
    case 'model-metadata': {
      const versions = models.versionsOf(route.model).map((model) => model.version);
      return jsonReply(modelMetadata(models.find(route.model, route.version), versions));
    }
    case 'model-config':
      return jsonReply(
        modelConfig(
          models.find(route.model, route.version),
          models.planOf(route.model),
          models.routingOf(route.model),
        ),
      );
    case 'model-ready': {
      refuseUnlessReady(route.model, route.version, models);
      return jsonReply({ name: route.model, ready: true });
    }
  }
}

/** Without a version: of every version that runs, or ran. */
function statisticsOf(
  name: string,
  version: string | undefined,
  models: ModelRepository,
): readonly VersionCounters[] {
  return version === undefined ? models.countersOf(name) : [models.find(name, version)];
}

function refuseUnlessReady(name: string, version: string | undefined, models: ModelRepository): void {
  try {
    if (models.find(name, version).ready()) return;
  } catch (error) {
    if (error instanceof ServingError && error.kind === 'unavailable') {
      throw new ServingError('not-ready', error.message);
    }
    throw error;
  }
  throw new ServingError('not-ready', `model '${name}' has no running instance`);
}
