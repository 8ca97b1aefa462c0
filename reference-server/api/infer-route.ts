import type { IncomingMessage } from 'node:http';
import { asServingError, ServingError } from '../errors.ts';
import type { ServedModel } from '../models/served-model.ts';
import { newTimings, nsBetween } from '../telemetry/timings.ts';
import { toldAgeUs } from './answer-age.ts';
import { type EncodedInferResponse, encodeInferResponse } from './infer-response-codec.ts';
import { decodeLike } from './known-request.ts';
import type { ConnectionMemory } from './plain-lane.ts';
import type { Reply } from './reply.ts';
import { readBody } from './request-body.ts';
import type { RestService } from './rest-service.ts';

/** An infer request of which the body is still to be read. `caller`: undefined where nobody has to say who it is. */
export function serveInfer(
  request: IncomingMessage,
  model: ServedModel,
  service: RestService,
  caller: string | undefined,
): Promise<Reply> {
  const name = () => caller ?? request.socket.remoteAddress ?? '';
  return counted(model, service, name, async () => {
    const body = await readBody(request, service.bodyLimitBytes);
    const jsonBytes = request.headers['inference-header-content-length']?.toString();
    return { body, jsonBytes, gone: service.signalOf(request) };
  });
}

/** An infer request that has been read. */
export interface InferBody {
  readonly body: Buffer;
  /** Of the header Inference-Header-Content-Length. */
  readonly jsonBytes: string | undefined;
  /** Aborted when the caller goes away. */
  readonly gone: AbortSignal;
  /** Of the connection that it came on, where there is one. */
  readonly memory?: ConnectionMemory;
}

/** Serves one infer request and counts it, however it ends. `caller` is asked where callers are told apart. */
export async function counted(
  model: ServedModel,
  service: RestService,
  caller: () => string,
  read: () => InferBody | Promise<InferBody>,
): Promise<Reply> {
  const arrivedAtMs = service.clock.nowMs();
  model.statistics.arrived();
  try {
    if (service.draining()) throw new ServingError('unavailable', 'the server is shutting down');
    return await service.gate.through(caller, async () => {
      const found = read();
      // What is here already is not waited for.
      return inferFrom(found instanceof Promise ? await found : found, model, service);
    });
  } catch (thrown) {
    const error = asServingError(thrown);
    model.statistics.failed(error, nsBetween(arrivedAtMs, service.clock.nowMs()));
    throw error;
  }
}

async function inferFrom(
  { body, jsonBytes, gone: signal, memory }: InferBody,
  model: ServedModel,
  service: RestService,
): Promise<Reply> {
  const { clock } = service;
  const receivedAtMs = clock.nowMs();
  const { decoded, known } = decodeLike(memory?.known, body, jsonBytes, model.signature);
  if (memory !== undefined) memory.known = known;
  const timings = newTimings();
  const { queue } = decoded;
  const context = { receivedAtMs, signal, timings };
  const response = await model.infer(decoded.request, queue === undefined ? context : { ...context, queue });

  const computedAtMs = clock.nowMs();
  const encoded = encodeInferResponse({
    response,
    wanted: decoded.wanted,
    id: decoded.id,
    ageUs: toldAgeUs(decoded.saysAge, timings.ageMs),
    modelName: model.signature.name,
    modelVersion: model.version,
    classLabels: model.classLabels,
  });
  const encodedAtMs = clock.nowMs();
  const encodeNs = nsBetween(computedAtMs, encodedAtMs);
  model.statistics.succeeded(timings, encodeNs, nsBetween(receivedAtMs, encodedAtMs));
  service.metrics.answered(model, encodedAtMs - receivedAtMs);
  return inferReply(encoded);
}

function inferReply({ body, headerLength }: EncodedInferResponse): Reply {
  if (headerLength === undefined) return { status: 200, contentType: 'application/json', body };
  const headers = ['Inference-Header-Content-Length', String(headerLength)];
  return { status: 200, contentType: 'application/octet-stream', body, headers };
}
