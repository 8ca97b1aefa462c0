import { asServingError, ServingError } from '../errors.ts';
import type { GrpcCall } from './grpc-call.ts';
import { grpcInfer } from './grpc-infer.ts';
import { framed, type GrpcAnswer, writeInferResponse } from './grpc-infer-codec.ts';
import { type InferMessage, readInferMessage } from './grpc-infer-message.ts';
import { MessageReader } from './grpc-message-reader.ts';
import type { GrpcService } from './grpc-service.ts';
import { DONE } from './grpc-status.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** How long a stream must have been quiet before a shutdown ends it: a request may be under way. */
const QUIET_MS = 500;
const POLL_MS = 100;

/**
 * Requests come as they like and are answered as they are ready, each under its id. A failure is a message, and the
 * stream goes on; with the metadata `triton_grpc_error: true` it is the stream's end. While the caller does not read its
 * answers, its requests are not read either.
 */
export function serveStreamInfer(call: GrpcCall, service: GrpcService): void {
  const { stream } = call;
  const endsOnError = call.headers.triton_grpc_error === 'true';
  let inFlight = 0;
  let allAsked = false;
  let quietSinceMs = 0;
  /** A request was refused because the server shuts down: its caller has no reason to ask on. */
  let wasTold = false;

  const fail = (thrown: unknown, id: string): void => {
    if (endsOnError) call.fail(thrown);
    else send(failureMessage(asServingError(thrown).message, id));
  };
  const send = (message: Buffer): void => {
    if (call.send(message) || stream.isPaused()) return;
    stream.pause();
    call.waitFor('reader');
    stream.once('drain', () => {
      if (!call.isOver) call.waitFor(undefined);
      stream.resume();
    });
  };
  const serve = async (message: InferMessage): Promise<void> => {
    inFlight += 1;
    try {
      send(await grpcInfer(message, service, call, answerMessage));
    } catch (error) {
      fail(error, message.id);
      wasTold ||= service.draining();
    }
    inFlight -= 1;
    quietSinceMs = performance.now();
    endWhenDone();
  };
  const endWhenDone = (): void => {
    if (inFlight > 0 || call.isOver) return;
    if (allAsked) call.end(DONE);
    else if (service.draining() && (wasTold || performance.now() - quietSinceMs >= QUIET_MS)) {
      call.fail(new ServingError('unavailable', 'the server is shutting down'));
    }
  };
  const reader = new MessageReader(service.bodyLimitBytes, call.encoding, (bytes) => {
    const message = decoded(bytes);
    if (message instanceof ServingError) fail(message, '');
    else void serve(message);
  });
  stream.on('data', (piece: Buffer) => {
    if (call.isOver) return;
    try {
      reader.read(piece);
      if (!stream.isPaused()) call.waitFor(reader.isCutOff ? 'request' : undefined);
    } catch (error) {
      // Where the next message begins is not known any more.
      call.fail(error);
    }
  });
  stream.on('end', () => {
    allAsked = true;
    if (!stream.isPaused() && !call.isOver) call.waitFor(undefined);
    endWhenDone();
  });
  call.waitFor(undefined);
  const watch = setInterval(endWhenDone, POLL_MS).unref();
  stream.on('close', () => clearInterval(watch));
}

function decoded(bytes: Buffer): InferMessage | ServingError {
  try {
    return readInferMessage(bytes);
  } catch (error) {
    return asServingError(error);
  }
}

/** ModelStreamInferResponse: error_message = 1, infer_response = 2. */
function answerMessage(answer: GrpcAnswer): Buffer {
  const writer = new ProtobufWriter();
  writeInferResponse(writer, answer);
  writer.close(2, 0);
  return framed(writer);
}

function failureMessage(words: string, id: string): Buffer {
  const writer = new ProtobufWriter();
  writer.text(3, id);
  writer.close(2, 0);
  writer.text(1, words);
  return framed(writer);
}
