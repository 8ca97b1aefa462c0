import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCountingScript, startNginx, startSink } from './bench-target.ts';
import { closedLoopInC } from './c-peers.ts';
import type { Exchange } from './contender.ts';
import { h2load, hey, wrk, wrkScript } from './debian-peers.ts';
import type { Duel } from './duel-rows.ts';
import { autocannonCli, grpcCalls, nodePeer, ours } from './node-contenders.ts';

/** A picture of 224 x 224 in three colours of 32 bits. */
const LARGE_BYTES = 224 * 224 * 3 * 4;
const GRPC_JS = '@grpc/grpc-js';
const METHOD = '/inference.GRPCInferenceService/ModelInfer';

/** Which rows are fought out side by side, against whom, and how far ours must reach. */
export function allDuels(): readonly Duel[] {
  return [smallHttp(), largeHttp(), smallGrpcAtNginx(), smallGrpcAtNode(), largeGrpc()];
}

function smallHttp(): Duel {
  const exchange: Exchange = { method: 'GET', path: '/', connections: 32, streams: 1 };
  return {
    what: 'HTTP, small GET, 32 connections',
    start: (cpu) => startNginx(cpu, 'http'),
    ours: ours(exchange, {}),
    peers: [
      { row: 1, contender: wrk(exchange, undefined), atLeast: 0.9 },
      { row: 2, contender: nodePeer('autocannon', exchange, 'autocannon'), atLeast: 2 },
      { row: 2, contender: hey(exchange), atLeast: 2.5 },
      { row: 2, contender: nodePeer('undici', exchange, 'undici'), atLeast: 3 },
      { row: 2, contender: nodePeer('node:http', exchange), atLeast: 5 },
    ],
  };
}

function largeHttp(): Duel {
  const picture = pictureBytes();
  const bodyFile = temporaryFile('picture', picture);
  const exchange: Exchange = { method: 'POST', path: '/', bodyFile, connections: 32, streams: 1 };
  const asText = Buffer.byteLength(picture.toString()).toLocaleString('en');
  const script = temporaryFile('post.lua', Buffer.from(wrkScript(exchange)));
  return {
    what: 'HTTP, POST of 602,112 bytes, 32 connections',
    start: (cpu) => startSink(cpu, 4096),
    ours: ours(exchange, {}),
    peers: [
      { row: 3, contender: wrk(exchange, script), atLeast: 0.65 },
      { row: 3, contender: closedLoopInC(exchange), atLeast: 0.65 },
      { row: 3, contender: nodePeer('undici', exchange, 'undici'), atLeast: 1 },
      {
        row: 3,
        contender: autocannonCli(exchange),
        atLeast: 2.5,
        note: `it reads its file as text, so it sends ${asText} bytes in place of the ${LARGE_BYTES.toLocaleString('en')}`,
      },
      {
        row: 3,
        contender: nodePeer('autocannon', exchange, 'autocannon'),
        atLeast: 1.3,
        note: 'through its API, given the same bytes: they cost wrk itself more than half of what they cost it',
      },
    ],
  };
}

/** Seeded values from 0 to 1, as a picture's are: their bytes are not text. */
function pictureBytes(): Buffer {
  const values = new Float32Array(LARGE_BYTES / 4);
  let state = 12_345;
  for (let at = 0; at < values.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[at] = state / 2 ** 32;
  }
  return Buffer.from(values.buffer);
}

function smallGrpcAtNginx(): Duel {
  const exchange = grpcExchange('small-message', 0, 1, 32);
  return {
    what: 'gRPC, small unary at nginx, 32 streams',
    start: (cpu) => startNginx(cpu, 'grpc'),
    ours: ours(exchange, grpcCalls(METHOD)),
    peers: [
      { row: 4, contender: h2load(exchange), atLeast: 0.9 },
      { row: 4, contender: nodePeer('grpc-js', exchange, GRPC_JS), atLeast: 10 },
      { row: 4, contender: nodePeer('node:http2', exchange), atLeast: 4 },
    ],
  };
}

function smallGrpcAtNode(): Duel {
  const exchange = grpcExchange('small-message', 0, 1, 32);
  return {
    what: 'gRPC, small unary at node:http2, 32 streams',
    start: (cpu) => startCountingScript(cpu, 'grpc-target.js'),
    ours: ours(exchange, grpcCalls(METHOD)),
    peers: [{ row: 4, contender: h2load(exchange), atLeast: 0.7 }],
  };
}

function largeGrpc(): Duel {
  const exchange = grpcExchange('large-message', LARGE_BYTES, 4, 2);
  const messageFile = temporaryFile('tensor', Buffer.alloc(LARGE_BYTES, 0x3f));
  return {
    what: 'gRPC, unary of 602,112 bytes, 4 connections x 2 streams',
    start: (cpu) => startCountingScript(cpu, 'grpc-target.js'),
    ours: ours(exchange, grpcCalls(METHOD, messageFile)),
    peers: [
      { row: 5, contender: nodePeer('grpc-js', exchange, GRPC_JS), atLeast: 3 },
      { row: 5, contender: h2load(exchange), atLeast: 1 },
    ],
  };
}

/** The body is the message behind its prefix: not compressed, so many bytes. */
function grpcExchange(name: string, bytes: number, connections: number, streams: number): Exchange {
  const body = Buffer.alloc(5 + bytes, 0x3f);
  body.writeUInt8(0, 0);
  body.writeUInt32BE(bytes, 1);
  return { method: 'POST', path: METHOD, bodyFile: temporaryFile(name, body), connections, streams };
}

function temporaryFile(name: string, bytes: Buffer): string {
  const path = join(tmpdir(), `inferometer-bench-${process.pid}-${name}`);
  writeFileSync(path, bytes);
  process.once('exit', () => rmSync(path, { force: true }));
  return path;
}
