import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { FLAG, FRAME, type Frame, framesIn, PREFACE } from '../support/h2-frames.ts';
import { exchange } from './door-exchange.ts';
import { closeDoorServer, doorServer } from './door-server.ts';
import { FuzzFailure } from './fate.ts';
import type { Subject } from './fuzz-loop.ts';
import { type GrpcCase, type GrpcConnection, grpcCase, grpcConnection } from './grpc-requests.ts';

/** Messages into the gRPC door, by calls on a connection of Node's own client: each ends with a status that blames them. */
export const grpcMessagesSubject: Subject = {
  name: 'grpc-messages',
  cases: 250_000,
  // By itself the server stands still after 50,000 such calls, at 20 MiB more than after the first 20,000.
  grownCases: 50_000,
  atOnce: 64,
  example: (random) => [grpcCase(random).message],
  run: (random) => call(grpcCase(random)),
  async close() {
    session?.close();
    session = undefined;
    await closeDoorServer();
  },
};

/** Frames into the gRPC door, each case on a connection of its own: it answers in frames, and lets go in the end. */
export const grpcFramesSubject: Subject = {
  name: 'grpc-frames',
  cases: 100_000,
  grownCases: 2500,
  atOnce: 64,
  example: (random) => [grpcConnection(random).bytes],
  run: (random) => play(grpcConnection(random)),
  close: closeDoorServer,
};

let session: ClientHttp2Session | undefined;
const HANG_MS = 10_000;
/** A status that is not one of these blames the server: 2 UNKNOWN, 13 INTERNAL. */
const ALLOWED = [0, 3, 5, 7, 8, 12];

async function call({ path, headers, message, echoes }: GrpcCase): Promise<string> {
  const { grpcUrl } = await doorServer();
  session ??= connect(grpcUrl.replace('grpc:', 'http:'));
  const { status, words, data } = await answerOf(session, path, headers, message);
  if (!ALLOWED.includes(status)) throw new FuzzFailure(`${path} ended with ${status}: ${words}`);
  if (status === 0) expectMessages(data);
  else if (words === '') throw new FuzzFailure(`${path} ended with ${status} and no word`);
  if (echoes !== undefined) {
    const floats = Buffer.from(Float32Array.from(echoes).buffer);
    if (status !== 0 || !data.includes(floats))
      throw new FuzzFailure(`asked ${echoes}, got ${status} ${words}`);
  }
  return `status ${status}`;
}

interface Answer {
  readonly status: number;
  readonly words: string;
  readonly data: Buffer;
}

function answerOf(
  through: ClientHttp2Session,
  path: string,
  headers: GrpcCase['headers'],
  message: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const head = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = through.request({ ...head, ...headers });
    const pieces: Buffer[] = [];
    let last: IncomingHttpHeaders = {};
    const hung = setTimeout(() => reject(new FuzzFailure(`${path} does not end`)), HANG_MS);
    stream.on('response', (found) => {
      if ('grpc-status' in found) last = found;
    });
    stream.on('trailers', (found) => {
      last = found;
    });
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', (error) => reject(new FuzzFailure(`${path}: ${error.message}`)));
    stream.on('close', () => {
      clearTimeout(hung);
      const status = Number(last['grpc-status'] ?? Number.NaN);
      resolve({ status, words: String(last['grpc-message'] ?? ''), data: Buffer.concat(pieces) });
    });
    stream.end(message);
  });
}

/** Whole messages, not packed. */
function expectMessages(data: Buffer): void {
  let at = 0;
  while (at < data.length) {
    if (at + 5 > data.length || data[at] !== 0) throw new FuzzFailure('an answer that is no message');
    at += 5 + data.readUInt32BE(at + 1);
  }
  if (at !== data.length) throw new FuzzFailure('an answer that is cut off');
}

/** A connection that Node has stopped to read is let go of at the second ping. */
const PING_MS = 100;

/** A thread that stood still for two pings lets go of sound connections too: what is wrong is wrong a second time. */
function play(connection: GrpcConnection): Promise<string> {
  return converse(connection).catch(() => converse(connection));
}

async function converse({ bytes, calls }: GrpcConnection): Promise<string> {
  const { grpcUrl } = await doorServer({ grpcPingMs: PING_MS });
  const port = Number(new URL(grpcUrl).port);
  const isEnough = (found: Buffer) => isOver(framesIn(found).frames, calls);
  const { answer, wasReset } = await exchange(port, bytes, isEnough, calls !== undefined);
  const { frames, bytes: whole } = framesIn(answer);
  if (calls !== undefined && endedCalls(frames) < calls) {
    throw new FuzzFailure(`${endedCalls(frames)} of ${calls} calls ended`);
  }
  const isHttp2 = bytes.subarray(0, PREFACE.length).equals(PREFACE);
  if (isHttp2 && whole !== answer.length && !wasReset)
    throw new FuzzFailure('the answer ends within a frame');
  if (isHttp2 && frames.length > 0 && frames[0]?.type !== FRAME.settings) {
    throw new FuzzFailure(`the answer begins with a frame of type ${frames[0]?.type}`);
  }
  return outcomeOf(frames);
}

/** The server says that it is leaving, or all that was asked has ended. */
function isOver(frames: readonly Frame[], calls: number | undefined): boolean {
  return (
    frames.some(({ type }) => type === FRAME.goaway) || (calls !== undefined && endedCalls(frames) >= calls)
  );
}

function endedCalls(frames: readonly Frame[]): number {
  const ends = ({ type, flags }: Frame) =>
    type === FRAME.rstStream || (type === FRAME.headers && (flags & FLAG.endStream) !== 0);
  return new Set(frames.filter(ends).map(({ stream }) => stream)).size;
}

function outcomeOf(frames: readonly Frame[]): string {
  const has = (type: number) => frames.some((found) => found.type === type);
  if (has(FRAME.goaway)) return 'goaway';
  if (has(FRAME.rstStream)) return 'reset';
  return endedCalls(frames) > 0 ? 'answered' : 'nothing';
}
