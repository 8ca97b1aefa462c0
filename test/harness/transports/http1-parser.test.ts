import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ResponseLimits, ResponseParser } from '../../../harness/transports/http1-parser.ts';

/** What a reader tells about bytes that come in these pieces, then an orderly close. */
function eventsOf(pieces: readonly Buffer[], limits?: ResponseLimits): string[] {
  const events: string[] = [];
  let body = '';
  const parser = new ResponseParser(
    {
      onHead: (status) => events.push(`head ${status}`),
      onBody: (buffer, from, to) => {
        body += buffer.toString('latin1', from, to);
      },
      onEnd: (reusable) => events.push(reusable ? 'end, reusable' : 'end'),
    },
    limits,
  );
  parser.expect();
  for (const piece of pieces) {
    if (!parser.read(piece, 0, piece.length)) return [...events, `body ${body}`, 'malformed'];
  }
  return [...events, `body ${body}`, `close: ${parser.close()}`];
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

const WHOLE: readonly (readonly [string, string, number, string])[] = [
  ['a body of known length', `${OK}Content-Length: 5\r\n\r\nhello`, 200, 'hello'],
  ['an empty body', 'HTTP/1.1 503 \r\ncontent-length:0\r\n\r\n', 503, ''],
  ['no reason', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx', 200, 'x'],
  ['chunks', `${CHUNKED}4;a=b\r\nwiki\r\n0A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n`, 200, 'wiki0123456789'],
  ['an interim answer', `HTTP/1.1 100 Continue\r\nX: y\r\n\r\n${OK}Content-Length: 2\r\n\r\nhi`, 200, 'hi'],
  ['no content', 'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n', 204, ''],
  ['304 and the length of what it stands for', 'HTTP/1.1 304 -\r\nContent-Length: 5\r\n\r\n', 304, ''],
  ['HTTP/1.0 kept alive', 'HTTP/1.0 200 -\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx', 200, 'x'],
  ['another option', `${OK}Connection: not-close, x\r\nContent-Length: 1\r\n\r\nx`, 200, 'x'],
  ['a padded chunk size', `${CHUNKED}1 \r\nx\r\n0\t;a\r\n\r\n`, 200, 'x'],
  ['the same length twice', `${OK}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`, 200, 'x'],
];

const LAST: readonly (readonly [string, string])[] = [
  ['close announced', `${OK}Connection: close\r\nContent-Length: 1\r\n\r\nx`],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx'],
  ['both announced', `${OK}Connection: close\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx`],
  ['something like it', 'HTTP/1.0 200 -\r\nConnection: no-keep-alive\r\nContent-Length: 1\r\n\r\nx'],
  [
    'a coding that HTTP/1.0 does not know',
    'HTTP/1.0 200 -\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
  ],
];

const CUT_OFF: readonly (readonly [string, string, string])[] = [
  ['a body', `${OK}Content-Length: 9\r\n\r\nhello`, 'close: truncated'],
  ['chunks', `${CHUNKED}5\r\nhello\r\n`, 'close: truncated'],
  ['a head', `${OK}Content-`, 'close: truncated'],
  ['a body that ends with the connection', `${OK}\r\nall of it`, 'close: complete'],
  ['nothing', '', 'close: nothing'],
];

const MALFORMED = [
  'BANANA\r\n\r\n',
  'HTTP/2.0 200 OK\r\n\r\n',
  'HTTP/1.1 20 OK\r\n\r\n',
  'HTTP/1.1 099 OK\r\n\r\n',
  'HTTP/1.1 2000\r\n\r\n',
  'HTTP/1.1  200 OK\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  'HTTP/1.1 200 OK\n\n',
  `${OK}X: a\rb\r\n\r\n`,
  `${OK}X: a\0b\r\n\r\n`,
  `${OK}no colon\r\n\r\n`,
  `${OK}: no name\r\n\r\n`,
  `${OK}X : blank before the colon\r\n\r\n`,
  `${OK}X: a\r\n folded\r\n\r\n`,
  `${OK}Content-Length: -1\r\n\r\n`,
  `${OK}Content-Length: 1e3\r\n\r\n`,
  `${OK}Content-Length: \r\n\r\n`,
  `${OK}Content-Length: 5, 5\r\n\r\nhello`,
  `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`,
  `${OK}Content-Length: 99999999999999999999\r\n\r\n`,
  `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`,
  `${CHUNKED}xyz\r\n`,
  `${CHUNKED}\r\n`,
  `${CHUNKED}5x\r\nhello\r\n`,
  `${CHUNKED}5 x\r\nhello\r\n`,
  `${CHUNKED}4\r\nhello\r\n0\r\n\r\n`,
  `${CHUNKED}ffffffffffff\r\n`,
  `${CHUNKED}0\r\nno colon\r\n\r\n`,
];

describe('ResponseParser', () => {
  it.each(WHOLE)('reads %s', (_, text, status, body) => {
    const expected = [`head ${status}`, 'end, reusable', `body ${body}`, 'close: nothing'];
    expect(eventsOf([Buffer.from(text)])).toEqual(expected);
  });

  it.each(LAST)('does not reuse a connection after %s', (_, text) => {
    expect(eventsOf([Buffer.from(text)])).toEqual(['head 200', 'end', 'body x', 'close: nothing']);
  });

  it.each(CUT_OFF)('tells what a close makes of %s', (_, text, expected) => {
    expect(eventsOf([Buffer.from(text)]).at(-1)).toBe(expected);
  });

  it.each(MALFORMED)('refuses %j', (text) => {
    expect(eventsOf([Buffer.from(text)]).at(-1)).toBe('malformed');
  });

  it('does not take bytes after an answer for the next one', () => {
    const text = `${OK}Content-Length: 1\r\n\r\nx${OK}`;
    expect(eventsOf([Buffer.from(text)])[1]).toBe('end');
  });

  it('refuses bytes when nothing is due', () => {
    const parser = new ResponseParser({ onHead() {}, onBody() {}, onEnd() {} });
    expect(parser.read(Buffer.from(OK), 0, OK.length)).toBe(false);
  });

  it('bounds lines, heads and bodies', () => {
    const limits = { lineBytes: 40, headBytes: 80, bodyBytes: 10 };
    const malformed = (text: string) => eventsOf([Buffer.from(text)], limits).at(-1) === 'malformed';
    expect(malformed(`${OK}Content-Length: 10\r\n\r\n0123456789`)).toBe(false);
    expect(malformed(`HTTP/1.1 200 ${'x'.repeat(40)}`)).toBe(true);
    expect(malformed(`${OK}${'X: 123456789\r\n'.repeat(6)}`)).toBe(true);
    expect(malformed(`${OK}Content-Length: 11\r\n\r\n`)).toBe(true);
    expect(malformed(`${OK}\r\n01234567890`)).toBe(true);
    expect(malformed(`${CHUNKED}6\r\n012345\r\n6\r\n012345\r\n`)).toBe(true);
  });

  it('bounds a head alike however it is cut', () => {
    const head = `${OK}${'X: 1\r\n'.repeat(8)}Content-Length: 0\r\n\r\n`;
    const pieces = [...head].map((byte) => Buffer.from(byte));
    const limits = { lineBytes: 40, headBytes: head.length, bodyBytes: 10 };
    expect(eventsOf(pieces, limits)).toEqual(['head 200', 'end, reusable', 'body ', 'close: nothing']);
    expect(eventsOf(pieces, { ...limits, headBytes: head.length - 1 }).at(-1)).toBe('malformed');
  });

  it('says the same however the bytes are cut', () => {
    const texts = [...[...WHOLE, ...LAST, ...CUT_OFF].map(([, text]) => text), ...MALFORMED];
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.array(fc.nat(200), { maxLength: 12 }), (text, cuts) => {
        const bytes = Buffer.from(text, 'latin1');
        const inner = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
        const edges = [0, ...inner, bytes.length];
        const pieces = edges.slice(1).map((edge, at) => bytes.subarray(edges[at], edge));
        expect(eventsOf(pieces)).toEqual(eventsOf([bytes]));
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expect(eventsOf([Buffer.from(noise)]).length).toBeGreaterThan(0);
      }),
    );
  });
});
