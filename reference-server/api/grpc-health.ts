import { ServingError } from '../errors.ts';
import type { GrpcCall } from './grpc-call.ts';
import { isReady } from './grpc-documents.ts';
import type { MessageCodec } from './grpc-schema.ts';
import type { GrpcService } from './grpc-service.ts';

const SERVICES = ['', 'inference.GRPCInferenceService', 'grpc.health.v1.Health'];
const POLL_MS = 100;

type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/** grpc.health.v1.Health/Check. A service is one of ours, or the name of a model. */
export function checkHealth({ service: asked }: Readonly<Record<string, unknown>>, service: GrpcService) {
  const status = statusOf(String(asked), service);
  if (status !== 'SERVICE_UNKNOWN') return { status };
  throw new ServingError('not-found', `unknown service '${asked}'`);
}

/** grpc.health.v1.Health/Watch: the status now, and whenever it has changed. Ends when the server shuts down. */
export function watchHealth(
  call: GrpcCall,
  { service: asked }: Readonly<Record<string, unknown>>,
  codec: MessageCodec,
  service: GrpcService,
): void {
  let told: ServingStatus | undefined;
  const tell = (): void => {
    const status = statusOf(String(asked), service);
    if (status !== told) call.send(codec.encode({ status }));
    told = status;
    if (service.draining()) call.fail(new ServingError('unavailable', 'the server is shutting down'));
  };
  const watch = setInterval(tell, POLL_MS).unref();
  call.stream.on('close', () => clearInterval(watch));
  tell();
}

function statusOf(name: string, service: GrpcService): ServingStatus {
  if (SERVICES.includes(name)) return isReady(service) ? 'SERVING' : 'NOT_SERVING';
  const model = service.models.all().find(({ signature }) => signature.name === name);
  if (model === undefined) return 'SERVICE_UNKNOWN';
  return !service.draining() && model.ready() ? 'SERVING' : 'NOT_SERVING';
}
