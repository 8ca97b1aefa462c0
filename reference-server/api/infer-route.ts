import type { IncomingMessage } from 'node:http';
import { asServingError, ServingError } from '../errors.ts';
import type { ServedModel } from '../models/served-model.ts';
import { newTimings, nsBetween } from '../telemetry/timings.ts';
import { decodeInferRequest } from './infer-request-codec.ts';
import { type EncodedInferResponse, encodeInferResponse } from './infer-response-codec.ts';
import type { Reply } from './reply.ts';
import { readBody } from './request-body.ts';
import type { RestService } from './rest-service.ts';

/** Serves one infer request and counts it, however it ends. `caller`: undefined where nobody has to say who it is. */
export async function serveInfer(
  request: IncomingMessage,
  model: ServedModel,
  service: RestService,
  caller: string | undefined,
): Promise<Reply> {
  const arrivedAtMs = service.clock.nowMs();
  model.statistics.arrived();
  try {
    if (service.draining()) throw new ServingError('unavailable', 'the server is shutting down');
    return await service.gate.through(
      () => caller ?? request.socket.remoteAddress ?? '',
      async () => {
        const body = await readBody(request, service.bodyLimitBytes);
        return inferReply(await inferFrom(body, request, model, service));
      },
    );
  } catch (thrown) {
    const error = asServingError(thrown);
    model.statistics.failed(error, nsBetween(arrivedAtMs, service.clock.nowMs()));
    throw error;
  }
}

async function inferFrom(
  body: Buffer,
  request: IncomingMessage,
  model: ServedModel,
  service: RestService,
): Promise<EncodedInferResponse> {
  const { clock } = service;
  const receivedAtMs = clock.nowMs();
  const headerLength = request.headers['inference-header-content-length'];
  const decoded = decodeInferRequest(body, headerLength?.toString(), model.signature);
  const timings = newTimings();
  const { queue } = decoded;
  const asked = queue === undefined ? {} : { queue };
  const context = { receivedAtMs, signal: service.signalOf(request), timings, ...asked };
  const response = await model.infer(decoded.request, context);

  const computedAtMs = clock.nowMs();
  const encoded = encodeInferResponse({
    response,
    wanted: decoded.wanted,
    id: decoded.id,
    modelName: model.signature.name,
    modelVersion: model.version,
    classLabels: model.classLabels,
  });
  const encodedAtMs = clock.nowMs();
  const encodeNs = nsBetween(computedAtMs, encodedAtMs);
  model.statistics.succeeded(timings, encodeNs, nsBetween(receivedAtMs, encodedAtMs));
  service.metrics.answered(model, encodedAtMs - receivedAtMs);
  return encoded;
}

function inferReply({ body, headerLength }: EncodedInferResponse): Reply {
  if (headerLength === undefined) return { status: 200, contentType: 'application/json', body };
  const headers = ['Inference-Header-Content-Length', String(headerLength)];
  return { status: 200, contentType: 'application/octet-stream', body, headers };
}
