import type { Socket } from 'node:net';
import type { Truth } from './truth.ts';
import { answerBytes, httpAnswer, METADATA } from './truth-answers.ts';
import type { FaultKind } from './truth-config.ts';
import { dribble, singleBytes } from './truth-dribble.ts';

/** One HTTP/1.1 connection: the Open Inference Protocol, and GET /witness for the counts. */
export class TruthHttp {
  readonly #truth: Truth;
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);

  constructor(truth: Truth, socket: Socket) {
    this.#truth = truth;
    this.#socket = socket;
  }

  read(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const request = requestIn(this.#pending);
      if (request === undefined) return;
      this.#pending = this.#pending.subarray(request.bytes);
      this.#serve(request.line, request.body);
    }
  }

  #serve(line: string, body: Buffer): void {
    const socket = this.#socket;
    if (line.startsWith('GET /witness')) socket.write(httpAnswer(JSON.stringify(this.#truth.witness)));
    else if (line.startsWith('GET /v2/health')) socket.write(httpAnswer('{}'));
    else if (line.startsWith('GET /v2/models')) socket.write(httpAnswer(JSON.stringify(METADATA)));
    else if (/^POST \/v2\/models\/[^ ]*infer /.test(line)) this.#infer(body);
    else socket.write(httpAnswer('{"error":"no such path"}', 404));
  }

  #infer(body: Buffer): void {
    const socket = this.#socket;
    const id = /"id":"(\d+)"/.exec(body.toString('latin1', 0, 64))?.[1] ?? '';
    this.#truth.saw(id);
    // Made on arrival, so that a thousand answers that leave at one instant are a thousand writes and nothing else.
    const answer = answerBytes(id);
    this.#truth.arrival((fault) => {
      if (fault === undefined) socket.write(answer);
      else commit(fault as FaultKind, socket, id);
    });
  }
}

function requestIn(bytes: Buffer): { line: string; body: Buffer; bytes: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const end = headEnd + 4 + length;
  if (bytes.length < end) return undefined;
  return { line: head.slice(0, head.indexOf('\r\n')), body: bytes.subarray(headEnd + 4, end), bytes: end };
}

function commit(kind: FaultKind, socket: Socket, id: string): void {
  const answer = answerBytes(id);
  const half = answer.subarray(0, answer.length - 20);
  switch (kind) {
    case 'status-429':
      socket.write(httpAnswer('{"error":"slow down"}', 429));
      return;
    case 'status-503':
      socket.write(httpAnswer('{"error":"queue full"}', 503));
      return;
    case 'status-404':
      socket.write(httpAnswer('{"error":"unknown model"}', 404));
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'reset-midway':
      socket.write(half, () => setTimeout(() => socket.resetAndDestroy(), 5));
      return;
    case 'close':
      socket.end();
      return;
    case 'truncated':
      socket.end(half);
      return;
    case 'half-open':
      return;
    case 'dribble':
      dribble(socket, singleBytes(answer));
      return;
    case 'malformed-http':
      socket.write('BANANA\r\n\r\n');
      return;
    case 'malformed-json':
      socket.write(httpAnswer(`{"id":"${id}","outputs":[{"name":"y"`));
      return;
    case 'wrong-id':
      socket.write(answerBytes(String(Number(id) + 1).padStart(id.length, '0')));
      return;
  }
}
