import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GrpcTransport } from '../../../harness/transports/grpc.ts';
import type { GrpcRequest } from '../../../harness/transports/grpc-request.ts';
import { decodeGrpcMessage, grpcStatusOfHttp } from '../../../harness/transports/grpc-status.ts';
import { encodeHeaders } from '../../../harness/transports/hpack-encoder.ts';
import type { Sink, Template } from '../../../harness/transports/transport.ts';
import { type FakeSocket, FakeSockets } from '../../support/fake-sockets.ts';
import { answer, goaway, head, message, reset, trailers } from '../../support/grpc-frames.ts';
import { FLAG, FRAME, frame, settings } from '../../support/h2-frames.ts';

const MAX_CONCURRENT_STREAMS = 3;

let nowMs = 0;
let told: string[] = [];
const sink: Sink = {
  sent: (slot, atMs) => told.push(`${slot} sent ${atMs}`),
  head: (slot, status) => told.push(`${slot} status ${status}`),
  data: (slot, buffer, from, to) => told.push(`${slot} ${buffer.toString('latin1', from, to)}`),
  item: (slot) => told.push(`${slot} item`),
  end: (slot, outcome) => told.push(`${slot} ${outcome}`),
};

interface Set {
  readonly transport: GrpcTransport;
  readonly sockets: FakeSockets;
  readonly request: GrpcRequest;
  /** Time goes on, and sweeps happen. */
  pass(ms: number): void;
}

let open: GrpcTransport | undefined;

function transportOf(connections = 1, template: Partial<Template> = {}): Set {
  const sockets = new FakeSockets();
  const transport = new GrpcTransport({
    url: 'grpc://127.0.0.1:1',
    headers: {},
    connections,
    timeoutMs: 1000,
    now: () => nowMs,
    sockets,
    sink,
  });
  open = transport;
  const request = transport.prepare({
    method: 'POST',
    path: '/s/m',
    headers: [],
    own: Buffer.from('?'),
    shared: Buffer.alloc(0),
    stamp: (buffer, at, index) => {
      buffer[at] = 48 + index;
    },
    ...template,
  });
  const pass = (ms: number): void => {
    nowMs += ms;
    vi.advanceTimersByTime(ms);
    sockets.settle();
  };
  return { transport, sockets, request, pass };
}

/** The server says hello on a socket that has been opened. */
function greet(sockets: FakeSockets, at: number, streams?: number): FakeSocket {
  const socket = sockets.opened[at];
  if (socket === undefined) throw new Error(`no socket ${at} was opened`);
  socket.events.connected();
  socket.say(settings(streams === undefined ? {} : { [MAX_CONCURRENT_STREAMS]: streams }));
  sockets.settle();
  return socket;
}

/** The same, and what was written so far is forgotten. */
function welcome(sockets: FakeSockets, at: number, streams?: number): FakeSocket {
  const socket = greet(sockets, at, streams);
  socket.frames();
  return socket;
}

/** Of the calls in these frames: their stream and what they say. */
function calls(socket: FakeSocket): string[] {
  return socket
    .frames()
    .filter(({ type }) => type === FRAME.data)
    .map(({ stream, payload }) => `${stream} ${payload.toString('latin1', 5)}`);
}

beforeEach(() => {
  vi.useFakeTimers();
  nowMs = 0;
  told = [];
});
afterEach(() => {
  open?.close();
  vi.useRealTimers();
});

describe('calls', () => {
  it('of one wake-up leave in one write, and are sent when they leave', () => {
    const { transport, sockets, request } = transportOf();
    transport.send(request, 0, 0);
    const socket = welcome(sockets, 0);
    told = [];
    const before = socket.writes;
    transport.send(request, 1, 1);
    transport.send(request, 2, 2);
    expect(told).toEqual([]);
    nowMs = 5;
    sockets.settle();
    expect(told).toEqual(['1 sent 5', '2 sent 5']);
    expect(socket.writes).toBe(before + 1);
    expect(calls(socket)).toEqual(['3 1', '5 2']);
    socket.say(answer(5), answer(3));
    expect(told.slice(2)).toEqual([
      '2 ok',
      '2 item',
      '2 status 0',
      '2 complete',
      '1 ok',
      '1 item',
      '1 status 0',
      '1 complete',
    ]);
  });

  it('wait for a stream when the server allows no more, and for another connection where there may be one', () => {
    const { transport, sockets, request } = transportOf(2);
    for (let slot = 0; slot < 3; slot++) transport.send(request, slot, slot);
    const first = welcome(sockets, 0, 1);
    expect(told).toEqual(['0 sent 0']);
    nowMs = 7;
    const second = welcome(sockets, 1, 1);
    expect(told.at(-1)).toBe('1 sent 7');
    nowMs = 9;
    first.say(answer(1));
    expect(told.at(-1)).toBe('2 sent 9');
    expect(calls(second)).toEqual([]);
    expect(sockets.opened).toHaveLength(2);
  });

  it('go where the fewest are in flight', async () => {
    const { transport, sockets, request } = transportOf(3);
    const connected = transport.connect(3);
    await vi.advanceTimersByTimeAsync(0);
    const all = [0, 1, 2].map((at) => welcome(sockets, at));
    await connected;
    for (let slot = 0; slot < 7; slot++) transport.send(request, slot, slot);
    sockets.settle();
    const spread = all.map((socket) => calls(socket).length);
    expect(spread.sort()).toEqual([2, 2, 3]);
  });

  it('wait while the socket takes nothing, and leave when it does', () => {
    const { transport, sockets, request } = transportOf();
    transport.send(request, 0, 0);
    const socket = welcome(sockets, 0);
    socket.takesAll = false;
    transport.send(request, 1, 1);
    sockets.settle();
    transport.send(request, 2, 2);
    sockets.settle();
    expect(calls(socket)).toEqual(['3 1']);
    expect(told).not.toContain('2 sent 4');
    nowMs = 4;
    socket.take();
    expect(told).toContain('2 sent 4');
    expect(calls(socket)).toEqual(['5 2']);
  });

  it('that last too long are cancelled, and their late answers are nobody’s', () => {
    const { transport, sockets, request, pass } = transportOf();
    transport.send(request, 0, 0);
    const socket = welcome(sockets, 0);
    pass(999);
    expect(told.at(-1)).toBe('0 sent 0');
    pass(60);
    expect(told.at(-1)).toBe('0 timeout');
    expect(socket.frames()).toMatchObject([{ type: FRAME.rstStream, stream: 1 }]);
    socket.say(answer(1));
    expect(told.at(-1)).toBe('0 timeout');
  });

  it('whose deadline the server noticed first have timed out as well, but not those that it gave up early', () => {
    const { transport, sockets, request } = transportOf();
    transport.send(request, 0, 0);
    transport.send(request, 1, 1);
    const socket = welcome(sockets, 0);
    socket.events.read(
      Buffer.concat([head(1), trailers(1, '4')]),
      0,
      head(1).length + trailers(1, '4').length,
      500,
    );
    expect(told.slice(-2)).toEqual(['0 status 4', '0 complete']);
    const late = Buffer.concat([head(3), trailers(3, '4')]);
    socket.events.read(late, 0, late.length, 1000);
    expect(told.at(-1)).toBe('1 timeout');
  });

  it.each([
    ['before an answer', [reset(1)], '0 reset'],
    ['within one', [head(1), reset(1)], '0 truncated'],
    ['by an end within a message', [head(1), frame(0, 1, 1, Buffer.from('\0\0'))], '0 truncated'],
    [
      'by an end without a status',
      [head(1), message(1, 'x'), frame(0, 1, 1, Buffer.alloc(0))],
      '0 malformed',
    ],
    ['without the message', [head(1), trailers(1)], '0 malformed'],
    ['with two messages', [head(1), message(1, 'a'), message(1, 'b'), trailers(1)], '0 malformed'],
    ['with a compressed message', [head(1), frame(0, 0, 1, Buffer.from([1, 0, 0, 0, 0]))], '0 malformed'],
    ['with garbage', [Buffer.from('HTTP/1.1 200 OK\r\n')], '0 malformed'],
  ])('that are answered %s', (_, frames, outcome) => {
    const { transport, sockets, request } = transportOf();
    transport.send(request, 0, 0);
    welcome(sockets, 0).say(...frames);
    expect(told.at(-1)).toBe(outcome);
    expect(told.filter((line) => /^0 (complete|reset|truncated|malformed)$/.test(line))).toHaveLength(1);
  });
});

it('metadata that no frame holds is an error before the load', () => {
  const headers = [['x', 'y'.repeat(20_000)]] as const;
  expect(() => transportOf(1, { headers })).toThrow(/metadata of a call/);
});

describe('a connection', () => {
  it('that says goodbye finishes what it took; the rest moves, and is sent once', () => {
    const { transport, sockets, request, pass } = transportOf(2);
    for (let slot = 0; slot < 3; slot++) transport.send(request, slot, slot);
    const leaving = welcome(sockets, 0);
    expect(told).toEqual(['0 sent 0', '1 sent 0', '2 sent 0']);
    leaving.say(goaway(1));
    const heir = greet(sockets, 1);
    expect(
      calls(heir)
        .map((call) => call.slice(-1))
        .sort(),
    ).toEqual(['1', '2']);
    leaving.say(answer(1));
    expect(leaving.isClosed).toBe(true);
    heir.say(answer(1), answer(3));
    pass(10);
    expect(told.filter((line) => line.includes('sent'))).toHaveLength(3);
    expect(told.filter((line) => line.includes('complete')).sort()).toEqual([
      '0 complete',
      '1 complete',
      '2 complete',
    ]);
  });

  it('that always says goodbye is not asked for ever', () => {
    const { transport, sockets, request, pass } = transportOf();
    transport.send(request, 0, 0);
    for (let at = 0; at < 3; at++) {
      welcome(sockets, at).say(goaway(0));
      pass(300);
    }
    expect(told.at(-1)).toBe('0 reset');
    expect(sockets.opened).toHaveLength(3);
  });

  it('that breaks ends its calls, but not those that it has not carried yet', () => {
    const { transport, sockets, request, pass } = transportOf();
    transport.send(request, 0, 0);
    transport.send(request, 1, 1);
    const socket = welcome(sockets, 0);
    socket.say(head(3));
    transport.send(request, 2, 2);
    socket.events.closed('broken');
    expect(told.slice(-2).sort()).toEqual(['0 reset', '1 truncated']);
    pass(300);
    const next = greet(sockets, 1);
    expect(calls(next)).toEqual(['1 2']);
  });

  it('that cannot be opened ends what waits for it', () => {
    const { transport, sockets, request } = transportOf();
    transport.send(request, 0, 0);
    sockets.opened[0]?.events.closed('broken');
    expect(told).toEqual(['0 connect-error']);
  });

  it('that is accepted and says nothing is given up', () => {
    const { transport, sockets, request, pass } = transportOf();
    transport.send(request, 0, 0);
    sockets.opened[0]?.events.connected();
    pass(1100);
    expect(sockets.opened[0]?.isClosed).toBe(true);
    expect(told).toEqual(['0 connect-error']);
  });
});

describe('requests that share a stream', () => {
  const CORRELATED = {
    call: 'bidirectional',
    correlation: {
      requestOf: (bytes, from) => (bytes[from] ?? 0) - 48,
      isLast: (bytes, _, to) => bytes[to - 1] !== 43,
    },
  } as const satisfies Partial<Template>;

  it('are messages of one stream, and each answer finds its own', () => {
    const { transport, sockets, request } = transportOf(1, CORRELATED);
    for (let slot = 0; slot < 3; slot++) transport.send(request, slot, slot + 4);
    const socket = welcome(sockets, 0);
    told = [];
    transport.send(request, 3, 7);
    sockets.settle();
    expect(calls(socket)).toEqual(['1 7']);
    socket.say(head(1), message(1, '6'), message(1, '4+'), message(1, '9'), message(1, '4'));
    const long = message(1, `5${'x'.repeat(50)}`);
    socket.say(long.subarray(0, 30));
    socket.say(long.subarray(30));
    expect(told).toEqual([
      '3 sent 0',
      ...['2 6', '2 item', '2 status 0', '2 complete'],
      ...['0 4+', '0 item', '0 4', '0 item', '0 status 0', '0 complete'],
      ...[`1 5${'x'.repeat(50)}`, '1 item', '1 status 0', '1 complete'],
    ]);
  });

  it('time out each for itself; the stream lives on', () => {
    const { transport, sockets, request, pass } = transportOf(1, CORRELATED);
    transport.send(request, 0, 1);
    const socket = welcome(sockets, 0);
    pass(600);
    transport.send(request, 1, 2);
    sockets.settle();
    pass(460);
    expect(told.at(-1)).toBe('0 timeout');
    socket.say(head(1), message(1, '1'), message(1, '2'));
    expect(told.slice(-2)).toEqual(['1 status 0', '1 complete']);
  });

  it.each([
    ['a reset', [reset(1)], ['0 reset', '1 reset']],
    ['a status', [trailersOnly(1, '8')], ['0 complete', '1 complete']],
    ['an end', [head(1), trailers(1)], ['0 reset', '1 reset']],
    ['nonsense', [head(1), frame(0, 0, 1, Buffer.from([9]))], ['0 malformed', '1 malformed']],
  ])('all end with %s of their stream, and the next opens another', (_, frames, outcomes) => {
    const { transport, sockets, request } = transportOf(1, CORRELATED);
    transport.send(request, 0, 1);
    transport.send(request, 1, 2);
    const socket = welcome(sockets, 0);
    socket.say(...frames);
    const ends = told.filter((line) => /complete|reset|malformed/.test(line));
    expect(ends).toEqual(outcomes);
    transport.send(request, 2, 3);
    sockets.settle();
    expect(calls(socket)).toEqual(['3 3']);
  });

  it('that the server disowned are asked again elsewhere', () => {
    const { transport, sockets, request, pass } = transportOf(1, CORRELATED);
    transport.send(request, 0, 1);
    welcome(sockets, 0).say(goaway(0));
    pass(300);
    const heir = greet(sockets, 1);
    expect(calls(heir)).toEqual(['1 1']);
    heir.say(head(1), message(1, '1'));
    expect(told.at(-1)).toBe('0 complete');
  });
});

function trailersOnly(stream: number, status: string): Buffer {
  const block = encodeHeaders([
    [':status', '200'],
    ['content-type', 'application/grpc'],
    ['grpc-status', status],
  ]);
  return frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, block);
}

it.each([
  ['plain', 'plain'],
  ['100%25 of %C3%BC', '100% of ü'],
  ['%zz %', '%zz %'],
])('grpc-message %j is %j', (encoded, text) => {
  expect(decodeGrpcMessage(encoded)).toBe(text);
});

it.each([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [503, 14],
  [500, 2],
  [302, 2],
])('HTTP %i without a status of gRPC is %i', (http, status) => {
  expect(grpcStatusOfHttp(http)).toBe(status);
});
