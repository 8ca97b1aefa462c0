import { readFileSync } from 'node:fs';
import { UsageError } from '../../errors.ts';
import { grpc } from '../../protocols/grpc.ts';
import { http } from '../../protocols/http.ts';
import { oipGrpc } from '../../protocols/oip-grpc.ts';
import { oipRest } from '../../protocols/oip-rest.ts';
import type { Protocol } from '../../protocols/protocol.ts';
import type { GrpcSpec, HttpSpec } from '../../scenario/target-spec.ts';
import type { ModelMetadata } from '../../targets/target.ts';
import type { LoadAssignment } from '../load-engine.ts';

type Asked = Pick<LoadAssignment, 'protocol' | 'stream' | 'http' | 'grpc' | 'workload'>;

/** The protocol that an assignment names, for one model. Reads the body's file, where there is one. */
export function makeProtocol(asked: Asked, model: ModelMetadata, encoding: 'json' | 'binary'): Protocol {
  const compares = asked.workload.validate !== undefined;
  if (asked.protocol === 'http') return http({ ...httpRequest(asked.http ?? PLAIN_GET), compares });
  if (asked.protocol === 'grpc') return grpc({ ...grpcCall(asked.grpc ?? NO_METHOD), compares });
  const asksAge = asked.workload.changeEveryMs !== undefined;
  if (asked.protocol === 'oip-grpc')
    return oipGrpc({ model, encoding, stream: asked.stream === true, asksAge });
  return oipRest({ model, encoding, asksAge });
}

const PLAIN_GET: HttpSpec = { method: 'GET', path: '/', headers: {} };

const NO_METHOD: GrpcSpec = { method: '/', call: 'unary', metadata: {} };

function grpcCall({ method, call, metadata, message, messageFile }: GrpcSpec) {
  const bytes = messageFile === undefined ? Buffer.from(message ?? '', 'base64') : read(messageFile);
  return { method, call, metadata, message: bytes };
}

function httpRequest({ method, path, headers, body, bodyFile, expectStatus }: HttpSpec) {
  return {
    method,
    path,
    headers,
    body: bodyFile === undefined ? Buffer.from(body ?? '') : read(bodyFile),
    expectStatus,
  };
}

function read(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot read the body of the requests from ${file} (${code})`, 'Correct the path.');
  }
}
