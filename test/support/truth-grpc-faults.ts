import type { Socket } from 'node:net';
import { FLAG, FRAME, frame, uint32 } from './h2-frames.ts';
import type { GrpcFaultKind } from './truth-config.ts';
import { dribble, singleBytes } from './truth-dribble.ts';
import { answerHead, data, inferMessage, trailers, trailersOnly, wholeAnswer } from './truth-grpc-answers.ts';

const NO_ERROR = 0;
const INTERNAL_ERROR = 2;

/** Faults that end every call of their connection. */
export const CONNECTION_FAULTS: readonly string[] = [
  'goaway',
  'goaway-graceful',
  'malformed-frame',
  'truncated-stream',
] satisfies readonly GrpcFaultKind[];

/** Answers one call wrongly. */
export function commitGrpc(kind: GrpcFaultKind, socket: Socket, stream: number, id: string): void {
  const message = inferMessage(id);
  const half = Buffer.concat([
    answerHead(stream),
    data(stream, message.subarray(0, Math.floor(message.length / 2))),
  ]);
  switch (kind) {
    case 'grpc-status-8':
      socket.write(trailersOnly(stream, '8'));
      return;
    case 'grpc-status-14':
      socket.write(trailersOnly(stream, '14'));
      return;
    case 'rst-stream':
      socket.write(rstStream(stream));
      return;
    case 'rst-midway':
      socket.write(Buffer.concat([half, rstStream(stream)]));
      return;
    case 'goaway':
      socket.end(goaway(stream - 2));
      return;
    case 'goaway-graceful':
      socket.end(Buffer.concat([goaway(stream), wholeAnswer(stream, id)]));
      return;
    case 'no-trailers':
      socket.write(Buffer.concat([answerHead(stream), data(stream, message, FLAG.endStream)]));
      return;
    case 'malformed-frame':
      socket.write(oversized(stream, message));
      return;
    case 'short-message':
      socket.write(
        Buffer.concat([answerHead(stream), data(stream, message.subarray(0, -3)), trailers(stream)]),
      );
      return;
    case 'truncated-stream':
      socket.end(half);
      return;
    case 'half-open':
      return;
    case 'dribble':
      dribble(socket, [answerHead(stream), ...singleBytes(message).map((byte) => data(stream, byte))]);
      return;
  }
}

/** Announces 16 MB, a thousand times what a client allows that has said nothing. */
function oversized(stream: number, message: Buffer): Buffer {
  const bytes = data(stream, message);
  bytes.fill(0xff, 0, 3);
  return Buffer.concat([answerHead(stream), bytes]);
}

function rstStream(stream: number): Buffer {
  return frame(FRAME.rstStream, 0, stream, uint32(INTERNAL_ERROR));
}

/** Calls above `lastStream` were not and will not be looked at. */
function goaway(lastStream: number): Buffer {
  return frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(Math.max(0, lastStream)), uint32(NO_ERROR)]));
}
