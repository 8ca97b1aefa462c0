import { createServer, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { answerBytes, httpAnswer, METADATA } from './truth-answers.ts';
import type { TruthConfig, Witness } from './truth-config.ts';
import { Departures } from './truth-departures.ts';
import { DepartureLaw } from './truth-law.ts';

/**
 * A server that tells the truth: it answers each request at an absolute instant that a law fixes, commits the faults
 * that it is told to, and counts every arrival. A process of its own: `node truth-server.js '<TruthConfig>'` prints its
 * port on one line. GET /witness gives the counts.
 */
const config = JSON.parse(process.argv[2] ?? '{}') as TruthConfig;
const law = new DepartureLaw(config.law);
const departures = new Departures(config.precise ?? false);
const witness: Witness = { arrivals: 0, faults: 0, connections: 0, arrivedAtMs: [], answeredAtMs: [] };

const server = createServer({ noDelay: true }, (socket) => {
  witness.connections += 1;
  let pending: Buffer = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      const request = requestIn(pending);
      if (request === undefined) return;
      pending = pending.subarray(request.bytes);
      serve(socket, request.line, request.body);
    }
  });
});
server.listen({ host: '127.0.0.1', port: config.port ?? 0, backlog: 4096 }, () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : 0}\n`);
});
// The test that started it is gone: so is the server.
process.stdin.on('end', () => process.exit()).resume();

function requestIn(bytes: Buffer): { line: string; body: Buffer; bytes: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const end = headEnd + 4 + length;
  if (bytes.length < end) return undefined;
  return { line: head.slice(0, head.indexOf('\r\n')), body: bytes.subarray(headEnd + 4, end), bytes: end };
}

function serve(socket: Socket, line: string, body: Buffer): void {
  if (line.startsWith('GET /witness')) {
    socket.write(httpAnswer(JSON.stringify(witness)));
  } else if (line.startsWith('GET /v2/health')) socket.write(httpAnswer('{}'));
  else if (line.startsWith('GET /v2/models')) socket.write(httpAnswer(JSON.stringify(METADATA)));
  else if (/^POST \/v2\/models\/[^ ]*infer /.test(line)) infer(socket, body);
  else socket.write(httpAnswer('{"error":"no such path"}', 404));
}

function infer(socket: Socket, body: Buffer): void {
  const nowMs = performance.now();
  witness.arrivals += 1;
  if (config.keepArrivals === true) witness.arrivedAtMs.push(performance.timeOrigin + nowMs);
  if (config.dieAfter !== undefined && witness.arrivals > config.dieAfter) process.exit(1);
  const id = /"id":"(\d+)"/.exec(body.toString('latin1', 0, 64))?.[1] ?? '';
  const { fault } = config;
  const faulty = fault !== undefined && witness.arrivals % fault.every === 0;
  if (faulty) witness.faults += 1;
  // Made on arrival, so that a thousand answers that leave at one instant are a thousand writes and nothing else.
  const answer = answerBytes(id);
  departures.at(law.departure(nowMs), () => {
    if (faulty) commit(fault.kind, socket, id);
    else socket.write(answer);
    if (config.keepAnswers === true) witness.answeredAtMs.push(performance.timeOrigin + performance.now());
  });
}

function commit(kind: NonNullable<TruthConfig['fault']>['kind'], socket: Socket, id: string): void {
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
      dribble(socket, answer, 0);
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

/** A byte every 20 ms: alive, but never done within the timeout. */
function dribble(socket: Socket, answer: Buffer, from: number): void {
  if (from >= answer.length || socket.destroyed) return;
  socket.write(answer.subarray(from, from + 1));
  setTimeout(() => dribble(socket, answer, from + 1), 20);
}
