import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { ServingError } from '../errors.ts';
import { accessTo } from './access.ts';
import { GrpcCall } from './grpc-call.ts';
import { DOCUMENTS } from './grpc-documents.ts';
import { checkHealth, watchHealth } from './grpc-health.ts';
import { grpcInfer } from './grpc-infer.ts';
import { framed, type GrpcAnswer, writeInferResponse } from './grpc-infer-codec.ts';
import { readInferMessage } from './grpc-infer-message.ts';
import { MessageReader } from './grpc-message-reader.ts';
import { REPOSITORY } from './grpc-repository.ts';
import { type MessageCodec, readGrpcSchema } from './grpc-schema.ts';
import type { GrpcService } from './grpc-service.ts';
import { serveStreamInfer } from './grpc-stream-infer.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { SlowCalls } from './slow-calls.ts';

/** Takes a call from its headers on, and sees that it ends with a status. */
type Method = (call: GrpcCall) => void;

/** Answers the calls of the Open Inference Protocol V2 and of gRPC's health service. */
export function serveGrpc(
  service: GrpcService,
): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void {
  const methods = methodsOf(service);
  const slow = new SlowCalls(service.limits, service.counts);
  const forget = (call: GrpcCall): void => slow.remove(call);
  return (stream, headers) => {
    const path = String(headers[':path']);
    if (!String(headers['content-type']).startsWith('application/grpc')) {
      stream.on('error', () => {});
      stream.respond({ ':status': 415 }, { endStream: true });
      return;
    }
    const call = new GrpcCall(stream, headers, service.limits, forget);
    slow.add(call);
    try {
      methodAt(path, methods)(admitted(call, path, service));
    } catch (error) {
      call.fail(error);
    }
  };
}

function methodAt(path: string, methods: ReadonlyMap<string, Method>): Method {
  const method = methods.get(path);
  if (method === undefined) throw new ServingError('unsupported', `unknown method ${path}`);
  return method;
}

function admitted(call: GrpcCall, path: string, { doorkeeper }: GrpcService): GrpcCall {
  call.caller = doorkeeper.admit(call.headers.authorization, accessTo(path as `/${string}`));
  return call;
}

const INFERENCE = '/inference.GRPCInferenceService';
const HEALTH = '/grpc.health.v1.Health';

function methodsOf(service: GrpcService): ReadonlyMap<string, Method> {
  const codecs = readGrpcSchema();
  const methods = new Map<string, Method>();
  const add = (path: string, serve: (call: GrpcCall, message: Buffer, codec: MessageCodec) => unknown) => {
    const codec = codecs.get(path);
    if (codec === undefined) throw new Error(`proto/ has no method ${path}`);
    methods.set(path, (call) =>
      onOnlyMessage(call, service.bodyLimitBytes, (message) => serve(call, message, codec)),
    );
  };
  add(`${INFERENCE}/ModelInfer`, async (call, message) =>
    call.answer(await grpcInfer(readInferMessage(message), service, call, answerMessage)),
  );
  for (const [name, documentOf] of Object.entries({ ...DOCUMENTS, ...REPOSITORY })) {
    add(`${INFERENCE}/${name}`, async (call, message, codec) =>
      call.answer(codec.encode(await documentOf(codec.decode(message), service))),
    );
  }
  add(`${HEALTH}/Check`, (call, message, codec) =>
    call.answer(codec.encode(checkHealth(codec.decode(message), service))),
  );
  add(`${HEALTH}/Watch`, (call, message, codec) => watchHealth(call, codec.decode(message), codec, service));
  methods.set(`${INFERENCE}/ModelStreamInfer`, (call) => serveStreamInfer(call, service));
  return methods;
}

/** Serves a call that consists of one message; whatever goes wrong is its status. */
function onOnlyMessage(call: GrpcCall, limitBytes: number, serve: (message: Buffer) => unknown): void {
  let only: Buffer | undefined;
  const reader = new MessageReader(limitBytes, call.encoding, (message) => {
    if (only !== undefined) throw new ServingError('unsupported', 'this method takes one message');
    only = message;
  });
  const attempt = async (step: () => unknown): Promise<void> => {
    try {
      await step();
    } catch (error) {
      call.fail(error);
    }
  };
  call.stream.on('data', (piece: Buffer) => {
    if (!call.isOver) void attempt(() => reader.read(piece));
  });
  call.stream.on('end', () => {
    if (call.isOver) return;
    call.waitFor(undefined);
    void attempt(() => {
      if (only === undefined || reader.isCutOff) {
        throw new ServingError('invalid', 'the call ended before its message was whole');
      }
      return serve(only);
    });
  });
}

function answerMessage(answer: GrpcAnswer): Buffer {
  const writer = new ProtobufWriter();
  writeInferResponse(writer, answer);
  return framed(writer);
}
