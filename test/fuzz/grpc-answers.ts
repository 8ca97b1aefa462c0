import type { Random } from '../../harness/load/random.ts';
import { FLAG, FRAME, type Frame, frame, headerBlock, settings, uint32 } from '../support/h2-frames.ts';
import { below, mutated, oneOf } from './mutations.ts';

/** What a server says first; left as it is, so that the calls have been sent when the rest comes. */
export const SERVER_PREFACE = settings({ 3: 100, 4: 65_535 });

/** Pieces that a reader of HTTP/2 must tell apart. */
const TOKENS = [
  settings({}),
  settings({ 1: 4096, 2: 1, 3: 0, 4: 0x8000_0000, 5: 1 }),
  frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(0)),
  frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
  frame(FRAME.windowUpdate, 0, 0, uint32(0)),
  frame(FRAME.windowUpdate, 0, 1, uint32(0x7fff_ffff)),
  frame(FRAME.rstStream, 0, 3, uint32(8)),
  frame(FRAME.goaway, 0, 0, Buffer.alloc(8)),
  frame(FRAME.continuation, FLAG.endHeaders, 1, Buffer.from([0x88])),
  frame(FRAME.pushPromise, FLAG.endHeaders, 1, uint32(2)),
  frame(0xfa, 0xff, 5, Buffer.from('unknown')),
  Buffer.from([0xff, 0xff, 0xff]),
  Buffer.from([0x3f, 0xff, 0xff, 0xff, 0xff, 0x7f]),
];

/** Header fields in HPACK that mean little: indexed, named by index, Huffman-coded, never to be indexed, a table's size. */
const FIELDS = [
  '88',
  '8c',
  '1f100b6170706c69636174696f6e',
  '0f0d83081a75',
  '00036162630464656667',
  '10036162630464656667',
  '0003616263 8cf1e3c2e5f23a6ba0ab90f4ff'.replace(' ', ''),
  '40036162630464656667',
  '20',
  'be',
].map((hex) => Buffer.from(hex, 'hex'));

const NUMBERS = [0, 1, 5, 7, 8, 0x3fff, 0x4000, 0x4001, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

const HEADS = [
  ...Array<Readonly<Record<string, string>>>(12).fill({ 'content-type': 'application/grpc' }),
  { 'content-type': 'application/grpc+proto' },
  { 'content-type': 'application/grpc-web' },
].map((fields) => headerBlock({ ':status': '200', ...fields }));

const REFUSALS = ['103', '404', '418', '429', '503'].map((status) =>
  headerBlock({ ':status': status, 'content-type': 'text/html' }),
);

const TRAILERS = [
  { 'grpc-status': '0' },
  { 'grpc-status': '0' },
  { 'content-type': 'application/grpc', 'grpc-status': '0', 'x-more': '' },
  { 'grpc-status': '14', 'grpc-message': 'too busy%21' },
  { 'grpc-message': 'no status' },
  { 'grpc-status': '17' },
].map((fields) => headerBlock(fields));

export interface Answers {
  /** What comes after the preface. */
  readonly bytes: Buffer;
  readonly calls: number;
}

/** The answers to a few unary calls, interleaved, then changed: some are left as they are. */
export function grpcAnswers(random: Random): Answers {
  const calls = 1 + below(random, 4);
  const streams = Array.from({ length: calls }, (_, call) => 1 + 2 * call);
  const answers = streams.map((stream) => answerFrames(stream, random));
  // Who is refused asks again, on the next stream.
  for (let next = 1 + 2 * calls; random() < 0.2; next += 2) {
    const refused = below(random, answers.length);
    const stream = answers[refused]?.[0]?.stream ?? 0;
    const refusal = { type: FRAME.rstStream, flags: 0, stream, payload: uint32(REFUSED_STREAM) };
    answers[refused] = [refusal, ...answerFrames(next, random)];
  }
  const frames = interleaved(answers, random);
  if (random() < 1 / 8) return { bytes: wire(frames), calls };
  for (let left = below(random, 3); left > 0; left--) changeFrames(frames, random);
  const bytes = wire(frames);
  return { bytes: random() < 0.4 ? mutated(bytes, random, TOKENS, 2) : bytes, calls };
}

const REFUSED_STREAM = 7;

function answerFrames(stream: number, random: Random): Frame[] {
  const head = oneOf(random, random() < 0.95 ? HEADS : REFUSALS);
  const trailers = oneOf(random, TRAILERS);
  if (random() < 0.05) return headerFrames(stream, Buffer.concat([head, trailers]), FLAG.endStream, random);
  const message = Buffer.alloc(5 + below(random, 40), stream);
  message.writeUIntBE(message.length - 5, 0, 5);
  const half = below(random, message.length);
  return [
    ...headerFrames(stream, head, 0, random),
    { type: FRAME.data, flags: 0, stream, payload: message.subarray(0, half) },
    padded({ type: FRAME.data, flags: 0, stream, payload: message.subarray(half) }, random),
    ...headerFrames(stream, trailers, FLAG.endStream, random),
  ];
}

/** In one frame, or with what does not fit in CONTINUATION. */
function headerFrames(stream: number, block: Buffer, flags: number, random: Random): Frame[] {
  const type = FRAME.headers;
  if (random() < 0.7) return [{ type, flags: flags | FLAG.endHeaders, stream, payload: block }];
  const cut = below(random, block.length);
  return [
    { type, flags, stream, payload: block.subarray(0, cut) },
    { type: FRAME.continuation, flags: FLAG.endHeaders, stream, payload: block.subarray(cut) },
  ];
}

function padded(plain: Frame, random: Random): Frame {
  if (random() < 0.8) return plain;
  const padding = below(random, 20);
  const payload = Buffer.concat([Buffer.from([padding]), plain.payload, Buffer.alloc(padding)]);
  return { ...plain, flags: plain.flags | FLAG.padded, payload };
}

/** Frames of one answer stay in order, and a header block in one piece. */
function interleaved(answers: readonly (readonly Frame[])[], random: Random): Frame[] {
  const left = answers.map((frames) => [...frames]);
  const merged: Frame[] = [];
  for (let open = false, last = left[0] ?? []; left.some((frames) => frames.length > 0); ) {
    if (!open)
      last = oneOf(
        random,
        left.filter((frames) => frames.length > 0),
      );
    const next = last.shift();
    if (next === undefined) break;
    merged.push(next);
    const isHeader = next.type === FRAME.headers || next.type === FRAME.continuation;
    open = isHeader && (next.flags & FLAG.endHeaders) === 0;
  }
  return merged;
}

/** Something that only a frame has: its kind, flags, stream, place, number or header fields. */
function changeFrames(frames: Frame[], random: Random): void {
  const at = below(random, frames.length);
  const old = frames[at];
  if (old === undefined) return;
  const changes: readonly (() => void)[] = [
    () => frames.splice(at, 1),
    () => frames.splice(below(random, frames.length), 0, old),
    () => frames.splice(at, 1, { ...old, type: below(random, 12) }),
    () => frames.splice(at, 1, { ...old, flags: below(random, 256) }),
    () => frames.splice(at, 1, { ...old, stream: below(random, 12) }),
    () => frames.splice(at, 0, numberFrame(random)),
    () => frames.splice(at, 1, { ...old, payload: Buffer.concat([oneOf(random, FIELDS), old.payload]) }),
    () => frames.splice(at, 1, { ...old, payload: Buffer.concat([old.payload, oneOf(random, FIELDS)]) }),
    () => frames.splice(at, 1, { ...old, payload: noise(random) }),
  ];
  oneOf(random, changes)();
}

/** Mostly small, at times more than a frame may hold. */
function noise(random: Random): Buffer {
  const most = random() < 0.03 ? 20_000 : 100;
  return Buffer.alloc(below(random, most), below(random, 256));
}

function numberFrame(random: Random): Frame {
  const type = oneOf(random, [
    FRAME.windowUpdate,
    FRAME.rstStream,
    FRAME.goaway,
    FRAME.settings,
    FRAME.priority,
  ]);
  const stream = oneOf(random, [0, 0, 1, 3, 5, 9]);
  const numbers = Array.from({ length: 1 + below(random, 3) }, () => uint32(oneOf(random, NUMBERS)));
  return { type, flags: 0, stream, payload: Buffer.concat(numbers) };
}

function wire(frames: readonly Frame[]): Buffer {
  return Buffer.concat(frames.map(({ type, flags, stream, payload }) => frame(type, flags, stream, payload)));
}
