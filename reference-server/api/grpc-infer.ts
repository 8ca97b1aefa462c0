import { asServingError, ServingError } from '../errors.ts';
import type { ServedModel } from '../models/served-model.ts';
import { newTimings, nsBetween } from '../telemetry/timings.ts';
import { ageWanted, toldAgeUs } from './answer-age.ts';
import { decodeGrpcInfer, type GrpcAnswer, SAYS_FINAL } from './grpc-infer-codec.ts';
import type { InferMessage } from './grpc-infer-message.ts';
import type { GrpcService } from './grpc-service.ts';
import { queueWishOf } from './queue-wish.ts';

/** Who asks, and whether it still does. */
export interface Caller {
  readonly signal: AbortSignal;
  /** By which its requests are counted. */
  readonly who: string;
}

/** Serves one infer request of a call or of a stream, and counts it, however it ends. `write` encodes the answer. */
export async function grpcInfer<Answer>(
  message: InferMessage,
  service: GrpcService,
  caller: Caller,
  write: (answer: GrpcAnswer) => Answer,
): Promise<Answer> {
  const receivedAtMs = service.clock.nowMs();
  // The model stays loaded until the answer is made.
  const lease = service.models.lease(message.modelName, message.modelVersion, routingKeyOf(message));
  const { model } = lease;
  model.statistics.arrived();
  try {
    if (service.draining()) throw new ServingError('unavailable', 'the server is shutting down');
    const { signal } = caller;
    return await service.gate.through(
      () => caller.who,
      () => answered(message, model, service, { receivedAtMs, signal }, write),
    );
  } catch (thrown) {
    const error = asServingError(thrown);
    model.statistics.failed(error, nsBetween(receivedAtMs, service.clock.nowMs()));
    throw error;
  } finally {
    lease.release();
  }
}

/** Texts and numbers alike name whoever is to be sent the same way each time. */
function routingKeyOf({ parameters }: InferMessage): string | undefined {
  const key = parameters.routing_key;
  return key === undefined ? undefined : String(key);
}

async function answered<Answer>(
  message: InferMessage,
  model: ServedModel,
  { clock, metrics }: GrpcService,
  { receivedAtMs, signal }: { readonly receivedAtMs: number; readonly signal: AbortSignal },
  write: (answer: GrpcAnswer) => Answer,
): Promise<Answer> {
  const { name } = model.signature;
  const { request, wanted } = decodeGrpcInfer(message, model.signature);
  const timings = newTimings();
  const queue = queueWishOf(message.parameters);
  const saysAge = ageWanted(message.parameters);
  const asked = queue === undefined ? {} : { queue };
  const response = await model.infer(request, { receivedAtMs, signal, timings, ...asked });

  const computedAtMs = clock.nowMs();
  const answer = write({
    response,
    wanted,
    classLabels: model.classLabels,
    modelName: name,
    modelVersion: model.version,
    id: message.id,
    ageUs: toldAgeUs(saysAge, timings.ageMs),
    raw: message.raw.length > 0,
    saysFinal: message.parameters[SAYS_FINAL] === true,
  });
  const encodedAtMs = clock.nowMs();
  model.statistics.succeeded(
    timings,
    nsBetween(computedAtMs, encodedAtMs),
    nsBetween(receivedAtMs, encodedAtMs),
  );
  metrics.answered(model, encodedAtMs - receivedAtMs);
  return answer;
}
