import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../harness/load/random.ts';
import type { Sink, Transport } from '../../harness/transports/transport.ts';
import { FLAG, FRAME, frame, headerBlock } from '../support/h2-frames.ts';
import { expectHoweverCut, NO_TEMPLATE } from './cut-plays.ts';
import { fuzzLoop } from './fuzz-loop.ts';
import { SERVER_PREFACE } from './grpc-answers.ts';
import { readCalls } from './grpc-reference.ts';
import { readAnswer } from './http-reference.ts';
import { byteByByte, type Cutting, inPieces, mutated, UNCUT } from './mutations.ts';
import { SUBJECT_NAMES, SUBJECTS } from './subjects.ts';
import type { MakeTransport, TransportProbe } from './transport-probe.ts';

describe('the fuzzer', () => {
  /** Cases of a door go over sockets: fewer of them take as long. */
  const SHARES = SUBJECT_NAMES.map(
    (name) => [SUBJECTS[name].atOnce === undefined ? 1000 : 384, name] as const,
  );

  it.each(SHARES)('finds nothing in %i cases of %s, with several outcomes among them', async (end, name) => {
    const subject = SUBJECTS[name];
    const { failure, cases, outcomes } = await fuzzLoop(
      subject,
      { seed: 7, first: 0, step: 1, end },
      () => {},
    );
    expect(failure).toBeUndefined();
    expect(cases).toBe(end);
    expect(Object.keys(outcomes).length).toBeGreaterThan(2);
  });

  it.each(SUBJECT_NAMES)('makes a case of %s from seed and number alone', (name) => {
    const subject = SUBJECTS[name];
    const bytes = () => Buffer.concat(subject.example(seededRandom(7, 42)));
    expect(bytes()).toEqual(bytes());
    expect(bytes()).not.toEqual(Buffer.concat(subject.example(seededRandom(7, 43))));
  });

  it('stops at a failure and names it', async () => {
    const subject = {
      name: 'broken',
      example: () => [],
      run: (random: () => number) => {
        if (random() < 0.1) throw new Error('found');
        return 'fine';
      },
    };
    const { failure, cases } = await fuzzLoop(subject, { seed: 1, first: 0, step: 1, end: 1000 }, () => {});
    expect(failure?.message).toContain('found');
    expect(failure?.index).toBe(cases);
  });

  it('cuts bytes into pieces that are the same bytes, and changes them within bounds', () => {
    const random = seededRandom(3);
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    for (let round = 0; round < 200; round++) {
      for (const cutting of [UNCUT, byteByByte(), inPieces(random)]) {
        for (let left = 1; left < 1000; left *= 3) expect(cutting(left)).toBeGreaterThan(0);
      }
      expect(mutated(bytes, random, [Buffer.from('\r\n')]).length).toBeLessThan(600);
    }
  });

  it.each([
    ['what depends on the pieces', (sink: Sink) => sink.data(0, BYTE, 0, 1, 0), /1 bytes.*it is:.*4 bytes/s],
    [
      'an end that comes twice',
      (sink: Sink) => sink.end(0, 'complete', 0),
      /end complete after request 0 had ended/,
    ],
    ['what nobody asked for', (sink: Sink) => sink.head(1, 200, 0), /head for request 1, which nobody sent/],
  ])('finds %s', (_, atRead, message) => {
    const random = seededRandom(3);
    const play = (probe: TransportProbe, cutting: Cutting) => {
      probe.send();
      probe.connect();
      probe.say(probe.connectionOf(0), Buffer.from('1234'), cutting);
      probe.hangUp(0, 'orderly');
      probe.finish();
    };
    const expected = [{ outcome: 'complete', status: 0, body: '1', messages: 0, connection: 0 }];
    const all = () => {
      for (let round = 0; round < 20; round++)
        expectHoweverCut(random, expected, brokenTransport(atRead), play);
    };
    expect(all).toThrow(message);
  });

  it('expects of sound answers that they are complete', () => {
    const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n';
    expect(readAnswer(Buffer.from(chunked), 'orderly')).toMatchObject({ outcome: 'complete', body: 'x' });
    const head = headerBlock({ ':status': '200', 'content-type': 'application/grpc' });
    const answer = Buffer.concat([
      SERVER_PREFACE,
      frame(FRAME.headers, FLAG.endHeaders, 1, head),
      frame(FRAME.data, 0, 1, Buffer.from('\0\0\0\0\x01x')),
      frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, headerBlock({ 'grpc-status': '0' })),
    ]);
    expect(readCalls(answer, 2)).toMatchObject([
      { outcome: 'complete', body: 'x', messages: 1 },
      { outcome: 'reset' },
    ]);
  });
});

const BYTE = Buffer.from('1');

/** One connection, one request; does this at every read, and is complete when the server leaves. */
function brokenTransport(atRead: (sink: Sink) => void): MakeTransport {
  return (sockets, sink) => {
    const transport: Transport = {
      prepare: (template) => ({ template }),
      connect: async () => {},
      connectStatistics: { opened: 0, connectMeanMs: undefined },
      close: () => {},
      send() {
        const stream = sockets.open(
          { host: '127.0.0.1', port: 1 },
          {
            connected() {
              sink.sent(0, 0);
              stream.write(BYTE, 0, 1);
            },
            read: () => atRead(sink),
            drained() {},
            closed: () => sink.end(0, 'complete', 0),
          },
        );
      },
    };
    return { transport, request: transport.prepare(NO_TEMPLATE) };
  };
}
