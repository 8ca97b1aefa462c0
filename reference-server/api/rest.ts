import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServingError } from '../errors.ts';
import { serveInfer } from './infer-route.ts';
import { modelConfig, modelMetadata, modelStatistics } from './model-documents.ts';
import { failureReply, jsonReply, type Reply, send } from './reply.ts';
import type { RestService } from './rest-service.ts';
import { type Route, routeOf } from './route-table.ts';

/** Only what is really there. */
const EXTENSIONS = ['binary_tensor_data', 'statistics', 'model_configuration'];

/** Answers one request of the Open Inference Protocol over REST. Never rejects. */
export async function serveRest(
  request: IncomingMessage,
  response: ServerResponse,
  service: RestService,
): Promise<void> {
  const reply = await replyTo(request, service).catch(failureReply);
  send(response, reply, service.draining());
}

async function replyTo(request: IncomingMessage, service: RestService): Promise<Reply> {
  const route = routeOf(request.method ?? 'GET', request.url ?? '/');
  if (route.to === 'infer') {
    return serveInfer(request, service.models.find(route.model, route.version), service);
  }
  return documentFor(route, service);
}

async function documentFor(route: Exclude<Route, { to: 'infer' }>, service: RestService): Promise<Reply> {
  const { models } = service;
  switch (route.to) {
    case 'live':
      return jsonReply({ live: true });
    case 'ready':
      if (service.draining() || !models.ready())
        throw new ServingError('not-ready', 'the server is not ready');
      return jsonReply({ ready: true });
    case 'server-metadata':
      return jsonReply({ name: 'inferometer', version: service.version, extensions: EXTENSIONS });
    case 'metrics': {
      const { contentType, text } = await service.metrics.page();
      return { status: 200, contentType, body: Buffer.from(text, 'utf8') };
    }
    case 'all-statistics':
      return jsonReply({ model_stats: models.all().map(modelStatistics) });
    case 'model-statistics':
      return jsonReply({ model_stats: [modelStatistics(models.find(route.model, route.version))] });
    case 'model-metadata':
      return jsonReply(modelMetadata(models.find(route.model, route.version)));
    case 'model-config':
      return jsonReply(modelConfig(models.find(route.model, route.version)));
    case 'model-ready': {
      const ready = models.find(route.model, route.version).ready();
      if (!ready) throw new ServingError('not-ready', `model '${route.model}' has no running instance`);
      return jsonReply({ name: route.model, ready });
    }
  }
}
