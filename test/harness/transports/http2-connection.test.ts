import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEADER_LIST_BYTES } from '../../../harness/transports/hpack-decoder.ts';
import { encodeHeaders } from '../../../harness/transports/hpack-encoder.ts';
import type { Http2Stream } from '../../../harness/transports/http2-stream.ts';
import { FLAG, FRAME, frame, settings, uint32 } from '../../support/h2-frames.ts';
import { ScriptedClient } from '../../support/h2-script.ts';

const MAX_CONCURRENT_STREAMS = 3;
const INITIAL_WINDOW_SIZE = 4;
const NOTHING = Buffer.alloc(0);
const HEAD = encodeHeaders([
  [':status', '200'],
  ['content-type', 'application/grpc'],
]);
const TRAILERS = encodeHeaders([['grpc-status', '0']]);

const headers = (stream: number, flags = 0, block = HEAD): Buffer =>
  frame(FRAME.headers, FLAG.endHeaders | flags, stream, block);
const trailers = (stream: number): Buffer => headers(stream, FLAG.endStream, TRAILERS);
const data = (stream: number, text: string, flags = 0): Buffer =>
  frame(FRAME.data, flags, stream, Buffer.from(text));
const reset = (stream: number, code: number): Buffer => frame(FRAME.rstStream, 0, stream, uint32(code));
const windowUpdate = (stream: number, bytes: number): Buffer =>
  frame(FRAME.windowUpdate, 0, stream, uint32(bytes));
const goaway = (last: number): Buffer => frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(last), uint32(0)]));
const OPENING = settings({});
const HEADERS_FRAME = headers(0, 0, encodeHeaders([[':method', 'POST']]));

/** A connection with so many streams open, and what it said about them forgotten. */
function client(
  streams: number,
  options: { windowBytes?: number; server?: Buffer } = {},
): { client: ScriptedClient; streams: Http2Stream[] } {
  const client = new ScriptedClient(options.windowBytes);
  client.read(options.server ?? OPENING);
  const opened = Array.from({ length: streams }, () => client.connection.open(HEADERS_FRAME));
  client.written();
  client.told.length = 0;
  return { client, streams: opened };
}

describe('the opening', () => {
  it('says settings first, and is ready when the server has said its own', () => {
    const one = new ScriptedClient();
    const [first, update] = one.written();
    expect(first).toMatchObject({ type: FRAME.settings, stream: 0 });
    expect(first?.payload.toString('hex', 0, 12)).toBe('000100000000000200000000');
    expect(update).toMatchObject({ type: FRAME.windowUpdate, stream: 0 });
    expect(one.connection.capacity).toBe(0);
    one.read(settings({ [MAX_CONCURRENT_STREAMS]: 2 }));
    expect(one.told).toEqual(['ready']);
    expect(one.connection.capacity).toBe(2);
    expect(one.written()).toMatchObject([{ type: FRAME.settings, flags: FLAG.ack }]);
  });

  it.each([
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'another protocol'],
    [frame(FRAME.ping, 0, 0, Buffer.alloc(8)), 'another frame first'],
    [frame(FRAME.settings, FLAG.ack, 0, NOTHING), 'an answer first'],
  ])('%#: refused is %s', (bytes) => {
    const one = new ScriptedClient();
    expect(one.read(Buffer.from(bytes))).toBe(false);
    expect(one.written().at(-1)?.type).toBe(FRAME.goaway);
    expect(one.told).toEqual([]);
  });
});

describe('an answer', () => {
  it('is head, data, trailers and the end', () => {
    const { client: one } = client(2);
    expect(one.read(Buffer.concat([headers(3), data(3, 'three'), headers(1), trailers(3)]))).toBe(true);
    expect(one.told).toEqual([
      'headers 3 200 -1 false ',
      'headers 1 200 -1 false ',
      'headers 3 0 0 true three',
      'ended 3 three',
    ]);
    expect(one.connection.streams.size).toBe(1);
  });

  it('may be trailers only, informational first, padded, with a priority, in continuations, with frames in between', () => {
    const { client: one, streams } = client(3);
    for (const stream of streams) stream.endQueued = true;
    const padded = Buffer.concat([Buffer.from([3]), uint32(1), Buffer.from([16]), HEAD, Buffer.alloc(3)]);
    const bytes = Buffer.concat([
      headers(1, 0, encodeHeaders([[':status', '103']])),
      frame(FRAME.priority, 0, 1, Buffer.alloc(5)),
      frame(0x1f, 0xff, 1, Buffer.from('unknown')),
      frame(FRAME.headers, FLAG.endHeaders | FLAG.padded | FLAG.priority, 1, padded),
      frame(FRAME.data, FLAG.padded, 1, Buffer.from('\x02ab\0\0')),
      frame(FRAME.data, FLAG.padded, 1, Buffer.from('\x00')),
      frame(FRAME.data, FLAG.padded, 1, Buffer.from('\x01\0')),
      frame(FRAME.headers, FLAG.endStream, 1, TRAILERS.subarray(0, 3)),
      frame(FRAME.continuation, 0, 1, NOTHING),
      frame(FRAME.continuation, FLAG.endHeaders, 1, TRAILERS.subarray(3)),
      headers(3, FLAG.endStream, Buffer.concat([HEAD, TRAILERS])),
      headers(5),
      data(5, '', FLAG.endStream),
    ]);
    expect(one.read(bytes)).toBe(true);
    expect(one.told).toEqual([
      'headers 1 200 -1 false ',
      'headers 1 0 0 true ab',
      'ended 1 ab',
      'headers 3 200 0 true ',
      'ended 3 ',
      'headers 5 200 -1 false ',
      'ended 5 ',
    ]);
    expect(one.written()).toEqual([]);
  });

  it('ends a request that is still being sent', () => {
    const { client: one, streams } = client(1, { server: settings({ [INITIAL_WINDOW_SIZE]: 4 }) });
    const [stream] = streams;
    if (stream !== undefined) one.connection.send(stream, Buffer.from('12345678'), NOTHING, true);
    expect(one.dataWritten()).toEqual([4]);
    one.read(Buffer.concat([headers(1, FLAG.endStream), reset(1, 0), windowUpdate(1, 4)]));
    expect(one.told.at(-1)).toBe('ended 1 ');
    expect(one.written()).toMatchObject([{ type: FRAME.rstStream, stream: 1 }]);
  });

  it.each([
    [data(1, 'x'), 'data before the head'],
    [Buffer.concat([headers(1), headers(1)]), 'a second head'],
    [Buffer.concat([headers(1), headers(1, 0, TRAILERS)]), 'trailers that do not end it'],
    [trailers(1), 'no status'],
    [headers(1, FLAG.endStream, encodeHeaders([[':status', '100']])), 'an end before its answer'],
    [windowUpdate(1, 0), 'a window that opens by nothing'],
    [windowUpdate(1, 2 ** 31 - 1), 'a window that is too large'],
  ])('%#: %s ends that stream only', (bytes) => {
    const { client: one } = client(2);
    expect(one.read(Buffer.from(bytes))).toBe(true);
    expect(one.told.at(-1)).toBe('malformed 1 ');
    expect(one.written()).toMatchObject([{ type: FRAME.rstStream, stream: 1 }]);
    one.read(Buffer.concat([headers(3), trailers(3)]));
    expect(one.told.at(-1)).toBe('ended 3 ');
  });

  it('with a megabyte of trailers is refused, and the connection lives on', () => {
    const { client: one } = client(2);
    const pieces = [frame(FRAME.headers, FLAG.endStream, 1, Buffer.alloc(16_000, 0x88))];
    for (let piece = 0; piece < 64; piece++) {
      pieces.push(frame(FRAME.continuation, piece === 63 ? FLAG.endHeaders : 0, 1, Buffer.alloc(16_000, 1)));
    }
    expect(one.read(Buffer.concat([headers(1), ...pieces, headers(3), trailers(3)]))).toBe(true);
    expect(one.told).toContain('malformed 1 ');
    expect(one.told.at(-1)).toBe('ended 3 ');
    expect(HEADER_LIST_BYTES).toBeLessThan(1_000_000);
  });
});

describe('what no connection survives', () => {
  const block = frame(FRAME.headers, 0, 1, HEAD);
  it.each([
    [headers(7), 'a stream that was never opened'],
    [headers(2), 'a stream of the server'],
    [headers(0), 'headers of no stream'],
    [data(0, 'x'), 'data of no stream'],
    [data(9, 'x'), 'data of a stream never opened'],
    [frame(FRAME.pushPromise, 0, 1, Buffer.alloc(8)), 'a push'],
    [frame(FRAME.settings, 0, 1, NOTHING), 'settings of a stream'],
    [frame(FRAME.settings, 0, 0, Buffer.alloc(5)), 'half a setting'],
    [frame(FRAME.settings, FLAG.ack, 0, Buffer.alloc(6)), 'an acknowledgement with settings'],
    [settings({ 2: 1 }), 'a server that wants to push'],
    [settings({ [INITIAL_WINDOW_SIZE]: 2 ** 31 }), 'a window beyond its bits'],
    [settings({ 5: 100 }), 'frames that are too small'],
    [frame(FRAME.ping, 0, 0, Buffer.alloc(7)), 'a short ping'],
    [frame(FRAME.ping, 0, 1, Buffer.alloc(8)), 'a ping of a stream'],
    [frame(FRAME.goaway, 0, 0, Buffer.alloc(7)), 'a short goodbye'],
    [frame(FRAME.goaway, 0, 1, Buffer.alloc(8)), 'a goodbye of a stream'],
    [frame(FRAME.rstStream, 0, 1, Buffer.alloc(3)), 'a short reset'],
    [reset(9, 0), 'a reset of a stream never opened'],
    [windowUpdate(9, 1), 'a window of a stream never opened'],
    [windowUpdate(0, 0), 'a window that opens by nothing'],
    [windowUpdate(0, 2 ** 31 - 1), 'a window that is too large'],
    [frame(FRAME.continuation, 0, 1, HEAD), 'a continuation of nothing'],
    [Buffer.concat([block, data(1, 'x')]), 'data within a header block'],
    [Buffer.concat([block, frame(FRAME.continuation, 4, 3, HEAD)]), 'a continuation of another stream'],
    [headers(1, FLAG.padded, Buffer.from([9, 1])), 'more padding than headers'],
    [frame(FRAME.headers, FLAG.endHeaders | FLAG.padded, 1, NOTHING), 'padding without a length'],
    [Buffer.concat([headers(1), frame(FRAME.data, FLAG.padded, 1, Buffer.from([5, 1]))]), 'more padding'],
    [Buffer.concat([headers(1), frame(FRAME.data, FLAG.padded, 1, NOTHING)]), 'padding without a length'],
    [headers(1, 0, Buffer.from([0xbe])), 'a header of the dynamic table'],
    [frame(FRAME.data, 0, 1, Buffer.alloc(16_385)), 'a frame that is too long'],
  ])('%#: %s', (bytes) => {
    const { client: one } = client(2);
    expect(one.read(Buffer.from(bytes))).toBe(false);
    expect(one.written().at(-1)?.type).toBe(FRAME.goaway);
    expect(one.read(trailers(1))).toBe(false);
  });

  it('a header block without end', () => {
    const { client: one } = client(1);
    one.read(block);
    const more = frame(FRAME.continuation, 0, 1, NOTHING);
    const flood = Buffer.concat(Array.from({ length: 10_000 }, () => more));
    let sound = true;
    for (let round = 0; sound && round < 1000; round++) sound = one.read(flood);
    expect(sound).toBe(false);
  });

  it('more data than our window', () => {
    const { client: one } = client(1, { windowBytes: 10 });
    one.read(headers(1));
    expect(one.read(data(1, '12345678901'))).toBe(false);
  });
});

describe('goodbyes', () => {
  it('leave what the server looked at, and give back the rest', () => {
    const { client: one } = client(3);
    one.read(goaway(3));
    expect(one.told).toEqual(['unprocessed 5 ', 'capacity 0']);
    expect(one.connection.draining).toBe(true);
    one.read(Buffer.concat([headers(1), trailers(1), headers(3), trailers(3)]));
    expect(one.told.at(-1)).toBe('ended 3 ');
  });

  it('cannot give back what has begun to be answered', () => {
    const { client: one } = client(2);
    one.read(Buffer.concat([headers(3), goaway(0)]));
    expect(one.told.slice(1, 3)).toEqual(['reset 3 ', 'unprocessed 1 ']);
  });

  it('a refused stream was not looked at, another reset one was, and late frames of both are nobody’s', () => {
    const { client: one } = client(3);
    one.read(Buffer.concat([headers(5), reset(1, 7), reset(3, 2), reset(5, 7)]));
    expect(one.told.slice(1)).toEqual(['unprocessed 1 ', 'reset 3 ', 'reset 5 ']);
    expect(one.read(Buffer.concat([headers(1), data(1, 'late'), trailers(1), reset(3, 0)]))).toBe(true);
    expect(one.told).toHaveLength(4);
  });

  it('answers pings, with the same eight bytes', () => {
    const { client: one } = client(0);
    one.read(frame(FRAME.ping, 0, 0, Buffer.from('abcdefgh')));
    expect(one.written()).toMatchObject([{ type: FRAME.ping, flags: FLAG.ack }]);
    one.read(frame(FRAME.ping, FLAG.ack, 0, Buffer.from('abcdefgh')));
    expect(one.written()).toEqual([]);
  });
});

describe('flow control', () => {
  it('sends what the windows of the stream and of the connection have room for', () => {
    const server = settings({ [INITIAL_WINDOW_SIZE]: 100_000 });
    const { client: one, streams } = client(2, { server });
    for (const stream of streams) one.connection.send(stream, NOTHING, Buffer.alloc(50_000), true);
    expect(one.dataWritten()).toEqual([16_384, 16_384, 16_384, 848, 15_535]);
    one.read(windowUpdate(0, 40_000));
    const frames = one.written();
    expect(frames.map(({ payload }) => payload.length)).toEqual([16_384, 16_384, 1697]);
    expect(frames.at(-1)).toMatchObject({ flags: FLAG.endStream, stream: 3 });
  });

  it('opens whole calls as long as there is room for them', () => {
    const { client: one } = client(0);
    const data = frame(FRAME.data, FLAG.endStream, 0, Buffer.alloc(16_000));
    const whole = Buffer.concat([HEADERS_FRAME, data]);
    const opened = Array.from({ length: 5 }, () => one.connection.openWhole(whole, HEADERS_FRAME.length));
    expect(opened.map((stream) => stream?.id)).toEqual([1, 3, 5, 7, undefined]);
    expect(one.dataWritten()).toEqual([16_000, 16_000, 16_000, 16_000]);
    one.read(windowUpdate(0, 16_000));
    expect(one.connection.openWhole(whole, HEADERS_FRAME.length)?.id).toBe(9);
  });

  it('gets along with windows of one byte', () => {
    const { client: one, streams } = client(1, { server: settings({ [INITIAL_WINDOW_SIZE]: 1 }) });
    const [stream] = streams;
    if (stream === undefined) return;
    one.connection.send(stream, Buffer.from('own'), Buffer.from('shared'), true);
    let sent = '';
    for (let round = 0; round < 20; round++) {
      const [frame, ...others] = one.written();
      expect(others).toEqual([]);
      expect(frame?.payload.length ?? 1).toBe(1);
      sent += frame?.payload.toString('latin1') ?? '';
      one.read(windowUpdate(1, 1));
    }
    expect(sent).toBe('ownshared');
  });

  it('goes on when a smaller initial window left a stream below zero', () => {
    const { client: one, streams } = client(1, { server: settings({ [INITIAL_WINDOW_SIZE]: 10 }) });
    const [stream] = streams;
    if (stream === undefined) return;
    one.connection.send(stream, NOTHING, Buffer.alloc(30), true);
    expect(one.dataWritten()).toEqual([10]);
    one.read(settings({ [INITIAL_WINDOW_SIZE]: 4 }));
    one.read(windowUpdate(1, 6));
    expect(one.dataWritten()).toEqual([]);
    one.read(windowUpdate(1, 5));
    expect(one.dataWritten()).toEqual([5]);
    one.read(settings({ [INITIAL_WINDOW_SIZE]: 40 }));
    expect(one.dataWritten()).toEqual([15]);
  });

  it('keeps the messages of a stream in order', () => {
    const { client: one, streams } = client(1, { server: settings({ [INITIAL_WINDOW_SIZE]: 3 }) });
    const [stream] = streams;
    if (stream === undefined) return;
    for (const text of ['ab', 'cd', 'ef']) one.connection.send(stream, Buffer.from(text), NOTHING, false);
    one.written().forEach(({ payload }, at) => {
      expect(payload.toString()).toBe(['ab', 'c'][at]);
    });
    one.read(windowUpdate(1, 100));
    expect(one.written().map(({ payload }) => payload.toString())).toEqual(['d', 'ef']);
  });

  it('opens our windows again as answers come, for connection and stream', () => {
    const { client: one } = client(1, { windowBytes: 4 });
    one.read(Buffer.concat([headers(1), data(1, 'ab'), data(1, 'cd')]));
    const updates = one.written().filter(({ type }) => type === FRAME.windowUpdate);
    expect(updates.map(({ stream, payload }) => [stream, payload.readUInt32BE(0)])).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });
});

describe('however the bytes are cut', () => {
  const server = settings({ [INITIAL_WINDOW_SIZE]: 1000, [MAX_CONCURRENT_STREAMS]: 10 });
  const piece = fc.constantFrom(
    headers(1),
    headers(3),
    headers(5),
    data(1, 'one'),
    data(3, 'three'),
    frame(FRAME.data, FLAG.padded, 5, Buffer.from('\x03five\0\0\0')),
    data(1, '', FLAG.endStream),
    trailers(3),
    trailers(5),
    reset(5, 7),
    goaway(3),
    windowUpdate(0, 10),
    windowUpdate(1, 10),
    frame(FRAME.ping, 0, 0, Buffer.alloc(8)),
    settings({ [INITIAL_WINDOW_SIZE]: 5 }),
    frame(0x20, 0, 3, Buffer.from('extension')),
    Buffer.concat([
      frame(FRAME.headers, 0, 1, TRAILERS.subarray(0, 1)),
      frame(FRAME.continuation, FLAG.endHeaders, 1, TRAILERS.subarray(1)),
    ]),
    Buffer.from('garbage'),
  );

  it('the same events and the same frames follow', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 14 }),
        fc.array(fc.nat(30), { minLength: 1 }),
        (pieces, cuts) => {
          const bytes = Buffer.concat(pieces);
          const whole = client(3, { server }).client;
          const cut = client(3, { server }).client;
          const sound = whole.read(bytes);
          let cutSound = true;
          for (let at = 0, turn = 0; at < bytes.length && cutSound; turn++) {
            const end = at + 1 + (cuts[turn % cuts.length] ?? 0);
            cutSound = cut.read(Buffer.from(bytes.subarray(at, end)));
            at = end;
          }
          expect(cutSound).toBe(sound);
          expect(cut.told).toEqual(whole.told);
          expect(cut.written()).toEqual(whole.written());
        },
      ),
      { numRuns: 1000 },
    );
  });
});
