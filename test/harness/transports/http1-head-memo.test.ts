import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HeadMemo } from '../../../harness/transports/http1-head-memo.ts';
import { RESPONSE_LIMITS, ResponseParser } from '../../../harness/transports/http1-parser.ts';

/** What a parser makes of responses that come one after the other in one read buffer. */
function eventsOf(responses: readonly Buffer[], memo: () => HeadMemo): unknown[] {
  const events: unknown[] = [];
  const readBuffer = Buffer.alloc(4096);
  for (const response of responses) {
    const parser = new ResponseParser(
      {
        onHead: (status) => events.push(status),
        onBody: (buffer, from, to) => events.push(buffer.toString('latin1', from, to)),
        onEnd: (reusable) => events.push(reusable),
      },
      RESPONSE_LIMITS,
      memo(),
    );
    parser.expect();
    const length = response.copy(readBuffer, 7);
    events.push(parser.read(readBuffer, 7, 7 + length), parser.close());
  }
  return events;
}

const head = fc.constantFrom(
  'HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 11:39:20 GMT\r\nContent-Length: 2\r\n\r\n',
  'HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 11:39:21 GMT\r\nContent-Length: 2\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n',
  'HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n',
  'HTTP/1.1 204 \r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\n',
  `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(2000)}\r\nContent-Length: 2\r\n\r\n`,
);
const body = fc.constantFrom('ok', 'o', '', '2\r\nok\r\n0\r\n\r\n', 'okay');
const mutation = fc.option(fc.record({ at: fc.nat(120), byte: fc.constantFrom(...'19xZ:\r\n ') }), {
  freq: 3,
});
const response = fc.tuple(head, body, mutation).map(([start, rest, change]) => {
  const bytes = Buffer.from(start + rest);
  if (change !== null && change.at < bytes.length) bytes.write(change.byte, change.at, 'latin1');
  return bytes;
});

it('a known head means what the same bytes would mean to a parser that knows none', () => {
  fc.assert(
    fc.property(fc.array(response, { maxLength: 12 }), (responses) => {
      const shared = new HeadMemo();
      expect(eventsOf(responses, () => shared)).toEqual(eventsOf(responses, () => new HeadMemo()));
    }),
    { numRuns: 500 },
  );
});

it('knows a head again wherever it lies, whole only', () => {
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  const memo = new HeadMemo();
  expect(memo.match(bytes, 0, bytes.length)).toBe(0);
  expect(memo.learn(bytes, 0, bytes.length)).toBe(true);
  const moved = Buffer.concat([Buffer.from('abc'), bytes]);
  expect(memo.match(moved, 3, moved.length)).toBe(bytes.length);
  expect(memo.match(moved, 3, moved.length - 1)).toBe(0);
  for (let at = 0; at < bytes.length; at++) {
    const other = Buffer.from(bytes);
    other[at] = (other[at] ?? 0) ^ 1;
    expect(memo.match(other, 0, other.length)).toBe(0);
  }
});
