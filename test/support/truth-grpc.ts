import type { Socket } from 'node:net';
import { FLAG, FRAME, type Frame, frame, framesIn, PREFACE, settings, uint32 } from './h2-frames.ts';
import type { Truth } from './truth.ts';
import type { GrpcFaultKind } from './truth-config.ts';
import { requestId, wholeAnswer } from './truth-grpc-answers.ts';
import { commitGrpc } from './truth-grpc-faults.ts';

const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;
const WINDOW_BYTES = 2 ** 24;

/**
 * One HTTP/2 connection of raw frames, so that every fault can be committed. Whatever the path, a unary call is answered
 * as ModelInfer would be, with its own id. Its answers are small: the client's flow-control windows are not counted.
 */
export class TruthGrpc {
  readonly #truth: Truth;
  readonly #socket: Socket;
  readonly #bodies = new Map<number, Buffer[]>();
  #pending: Buffer = Buffer.alloc(0);
  #greeted = false;

  constructor(truth: Truth, socket: Socket) {
    this.#truth = truth;
    this.#socket = socket;
    // One call at a time where a fault takes the connection with it: exactly one request then meets each fault.
    const streams = truth.breaksConnections ? 1 : 1000;
    socket.write(settings({ [MAX_CONCURRENT_STREAMS]: streams, [INITIAL_WINDOW_SIZE]: WINDOW_BYTES }));
    this.#allow(0, 2 ** 30);
  }

  read(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    if (!this.#greeted) {
      if (this.#pending.length < PREFACE.length) return;
      this.#greeted = true;
      this.#pending = this.#pending.subarray(PREFACE.length);
    }
    const { frames, bytes } = framesIn(this.#pending);
    this.#pending = this.#pending.subarray(bytes);
    for (const next of frames) this.#frame(next);
  }

  #frame({ type, flags, stream, payload }: Frame): void {
    if (type === FRAME.settings && (flags & FLAG.ack) === 0) {
      this.#socket.write(frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0)));
    } else if (type === FRAME.ping && (flags & FLAG.ack) === 0) {
      this.#socket.write(frame(FRAME.ping, FLAG.ack, 0, payload));
    } else if (type === FRAME.rstStream) this.#bodies.delete(stream);
    else if (type === FRAME.headers) this.#bodies.set(stream, []);
    else if (type === FRAME.data) {
      this.#bodies.get(stream)?.push(Buffer.from(payload));
      if (payload.length > 0) this.#allow(0, payload.length);
    }
    if ((type === FRAME.headers || type === FRAME.data) && (flags & FLAG.endStream) !== 0) this.#call(stream);
  }

  #call(stream: number): void {
    const body = this.#bodies.get(stream);
    if (body === undefined) return;
    this.#bodies.delete(stream);
    const id = requestId(Buffer.concat(body));
    const answer = wholeAnswer(stream, id);
    this.#truth.arrival((fault) => {
      if (fault === undefined) this.#socket.write(answer);
      else commitGrpc(fault as GrpcFaultKind, this.#socket, stream, id);
    });
  }

  #allow(stream: number, bytes: number): void {
    this.#socket.write(frame(FRAME.windowUpdate, 0, stream, uint32(bytes)));
  }
}
