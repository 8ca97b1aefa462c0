import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GrpcTransport } from '../../../harness/transports/grpc.ts';
import type { GrpcRequest } from '../../../harness/transports/grpc-request.ts';
import type { Sink, Template } from '../../../harness/transports/transport.ts';
import { type FakeSocket, FakeSockets } from '../../support/fake-sockets.ts';
import { answer, goaway, head, message, reset, trailers } from '../../support/grpc-frames.ts';
import { FRAME, settings } from '../../support/h2-frames.ts';

/* What becomes of calls whose connection goes away: none is lost, none is asked twice over, each ends once. */

const MAX_CONCURRENT_STREAMS = 3;
/** What a server says first that means to leave, before it knows what it will have looked at (RFC 9113, 6.8). */
const ALL = 2 ** 31 - 1;

let told: string[] = [];
const sink: Sink = {
  sent: (slot) => told.push(`${slot} sent`),
  head: () => {},
  data: (slot, buffer, from, to) => told.push(`${slot} says ${buffer.toString('latin1', from, to)}`),
  end: (slot, outcome) => told.push(`${slot} ${outcome}`),
};

let sockets: FakeSockets;
let transport: GrpcTransport;
let request: GrpcRequest;

function open(template: Partial<Template> = {}, connections = 10): void {
  sockets = new FakeSockets();
  const [url, now] = ['grpc://127.0.0.1:1', () => performance.now()] as const;
  transport = new GrpcTransport({ url, headers: {}, connections, timeoutMs: 1000, now, sockets, sink });
  request = transport.prepare({
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
}

function send(...slots: readonly number[]): void {
  for (const slot of slots) transport.send(request, slot, slot);
}

/** The server accepts the connection and says how many streams it allows. */
function greet(at: number, streams = 100): FakeSocket {
  const socket = sockets.opened[at];
  if (socket === undefined) throw new Error(`no socket ${at} was opened`);
  socket.events.connected();
  socket.say(settings({ [MAX_CONCURRENT_STREAMS]: streams }));
  return socket;
}

/** The calls that were written since the last look, in order, by the number that they bear. */
function asked(socket: FakeSocket): number[] {
  const data = socket.frames().filter(({ type }) => type === FRAME.data);
  return data.map(({ payload }) => Number(payload.toString('latin1', 5)));
}

/** How many times this was told. */
function times(what: string): number {
  return told.filter((line) => line === what).length;
}

/** Longer than a server is left alone that closed a connection of no use. */
function later(): void {
  vi.advanceTimersByTime(300);
  sockets.settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
});
afterEach(() => {
  transport.close();
  vi.useRealTimers();
});

describe('a goodbye', () => {
  it('and the end in one segment: what was disowned moves, what was accepted and not answered is lost', () => {
    open();
    send(0, 1, 2);
    const leaving = greet(0);
    sockets.settle();
    leaving.say(answer(1), goaway(3));
    leaving.events.closed('orderly');
    expect(told.slice(-3)).toEqual(['0 says ok', '0 complete', '1 reset']);
    const heir = greet(1);
    expect(asked(heir)).toEqual([2]);
    heir.say(answer(1));
    expect(times('2 sent')).toBe(1);
    expect(told.at(-1)).toBe('2 complete');
  });

  it('with the answers behind it in the same segment loses nothing', () => {
    open();
    send(0, 1);
    const leaving = greet(0);
    sockets.settle();
    leaving.say(goaway(3), answer(3), answer(1));
    expect(leaving.isClosed).toBe(true);
    expect(told.filter((line) => line.endsWith('complete'))).toEqual(['1 complete', '0 complete']);
    expect(sockets.opened).toHaveLength(1);
  });

  it('within an answer: the answer goes on', () => {
    open();
    send(0);
    const leaving = greet(0);
    sockets.settle();
    leaving.say(head(1), goaway(1), message(1, 'ok'));
    leaving.say(trailers(1));
    expect(told.slice(-2)).toEqual(['0 says ok', '0 complete']);
  });

  it('that disowns a call whose answer has begun does not have it asked again', () => {
    open();
    send(0);
    const leaving = greet(0);
    sockets.settle();
    leaving.say(head(1), message(1, 'ok'), goaway(0), trailers(1));
    later();
    expect(told).toEqual(['0 sent', '0 says ok', '0 truncated']);
    expect(sockets.opened).toHaveLength(1);
  });

  it('in two steps: the first disowns nothing and takes nothing new, the second what it did not look at', () => {
    open();
    send(0, 1, 2);
    const leaving = greet(0);
    sockets.settle();
    leaving.say(goaway(ALL));
    asked(leaving);
    send(3);
    sockets.settle();
    const heir = greet(1);
    sockets.settle();
    expect(asked(heir)).toEqual([3]);
    leaving.say(goaway(1));
    sockets.settle();
    expect(asked(heir).sort()).toEqual([1, 2]);
    leaving.say(goaway(0));
    leaving.say(answer(3));
    sockets.settle();
    expect(asked(heir)).toEqual([0]);
    expect(asked(leaving)).toEqual([]);
    heir.say(answer(1), answer(3), answer(5), answer(7));
    for (const slot of [0, 1, 2, 3]) {
      expect(times(`${slot} sent`)).toBe(1);
      expect(times(`${slot} complete`)).toBe(1);
    }
    expect(told).toHaveLength(12);
  });

  it('in one segment with a reset: each ends once, whatever follows', () => {
    open();
    send(0, 1);
    const leaving = greet(0);
    sockets.settle();
    leaving.say(reset(1), goaway(3));
    leaving.say(reset(1), answer(3), answer(1));
    later();
    expect(told.slice(2)).toEqual(['0 reset', '1 says ok', '1 complete']);
  });

  it('puts the calls that come back before those that have not been sent yet', () => {
    open({}, 1);
    send(0, 1, 2, 3);
    const leaving = greet(0, 2);
    sockets.settle();
    expect(asked(leaving)).toEqual([0, 1]);
    leaving.say(goaway(0));
    later();
    const heir = greet(1, 1);
    sockets.settle();
    const order = asked(heir);
    for (let stream = 1; stream <= 5; stream += 2) {
      heir.say(answer(stream));
      order.push(...asked(heir));
    }
    expect(order.slice(0, 2).sort()).toEqual([0, 1]);
    expect(order.slice(2)).toEqual([2, 3]);
  });

  it('lets a call that came back wait as long as any other, and no longer', () => {
    open({}, 1);
    send(0, 1);
    const leaving = greet(0, 1);
    sockets.settle();
    vi.advanceTimersByTime(600);
    leaving.say(goaway(0));
    vi.advanceTimersByTime(460);
    expect(told).toEqual(['0 sent', '1 timeout']);
    vi.advanceTimersByTime(600);
    expect(told).toEqual(['0 sent', '1 timeout', '0 timeout']);
  });
});

describe('a connection that breaks', () => {
  it('gives back a call that came from another and has not left on this one', () => {
    open();
    send(0, 1);
    const leaving = greet(0, 1);
    const next = greet(1, 5);
    sockets.settle();
    next.takesAll = false;
    send(2);
    sockets.settle();
    leaving.say(goaway(0));
    sockets.settle();
    expect(asked(next)).toEqual([1, 2]);
    next.events.closed('broken');
    expect(told.slice(3).sort()).toEqual(['1 reset', '2 reset']);
    later();
    const heir = greet(2);
    expect(asked(heir)).toEqual([0]);
    heir.say(answer(1));
    expect(times('0 sent')).toBe(1);
    expect(told.at(-1)).toBe('0 complete');
  });

  it.each([
    ['the stream', (socket: FakeSocket) => socket.say(reset(1))],
    ['the stream with a status', (socket: FakeSocket) => socket.say(head(1), trailers(1, '8'))],
    ['the connection', (socket: FakeSocket) => socket.events.closed('broken')],
  ])('gives back what has not left yet on a shared stream: end of %s', (_, end) => {
    const requestOf = (bytes: Buffer, from: number): number => (bytes[from] ?? 0) - 48;
    open({ call: 'bidirectional', correlation: { requestOf, isLast: () => true } });
    send(0);
    const socket = greet(0);
    sockets.settle();
    send(1);
    end(socket);
    later();
    if (socket.isClosed) greet(1);
    sockets.settle();
    expect(told.slice(0, 2)).toEqual(['0 sent', expect.stringMatching(/^0 (reset|complete)$/)]);
    expect(told.slice(2)).toEqual(['1 sent']);
  });
});
