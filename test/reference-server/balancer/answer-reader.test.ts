import { expect, test } from 'vitest';
import { AnswerReader } from '../../../reference-server/balancer/answer-reader.ts';

interface Read {
  heads: [status: number, message: string, headers: string[]][];
  body: string;
  /** Of each end: whether the connection keeps open; 'malformed' where it is no answer. */
  ends: (boolean | 'malformed')[];
}

function read(pieces: readonly string[], { toHead = false, closes = false } = {}): Read {
  const seen: Read = { heads: [], body: '', ends: [] };
  const reader = new AnswerReader(
    {
      head: (...head) => seen.heads.push(head),
      data: (piece) => {
        seen.body += piece.toString('latin1');
      },
      end: (keepsOpen) => seen.ends.push(keepsOpen),
      malformed: () => seen.ends.push('malformed'),
    },
    toHead,
  );
  for (const piece of pieces) reader.push(Buffer.from(piece, 'latin1'));
  if (closes) reader.closed();
  return seen;
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CASES: readonly [
  what: string,
  bytes: string,
  expected: Read,
  options?: { toHead?: boolean; closes?: boolean },
][] = [
  [
    'a length',
    `${OK}X-A: 1\r\ncontent-length: 5\r\n\r\nhello`,
    { heads: [[200, 'OK', ['X-A', '1', 'content-length', '5']]], body: 'hello', ends: [true] },
  ],
  [
    'nothing',
    'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    { heads: [[503, 'Service Unavailable', ['Content-Length', '0']]], body: '', ends: [false] },
  ],
  [
    'chunks, an extension and trailers',
    `${OK}Transfer-Encoding: chunked\r\n\r\n4;a=b\r\nwell\r\n1\r\n!\r\n0\r\nX-T: 1\r\n\r\n`,
    { heads: [[200, 'OK', []]], body: 'well!', ends: [true] },
  ],
  [
    'a head before the head',
    `HTTP/1.1 100 Continue\r\n\r\n${OK}content-length: 1\r\n\r\nx`,
    { heads: [[200, 'OK', ['content-length', '1']]], body: 'x', ends: [true] },
  ],
  [
    'no body',
    'HTTP/1.1 204 No Content\r\n\r\n',
    { heads: [[204, 'No Content', []]], body: '', ends: [true] },
  ],
  [
    'the answer to a HEAD',
    `${OK}content-length: 5\r\n\r\n`,
    { heads: [[200, 'OK', ['content-length', '5']]], body: '', ends: [true] },
    { toHead: true },
  ],
  [
    'until the connection closes',
    'HTTP/1.0 200\r\n\r\nall of it',
    { heads: [[200, '', []]], body: 'all of it', ends: [false] },
    { closes: true },
  ],
  ['what is not HTTP', 'SSH-2.0-x\r\n\r\nmore of it', { heads: [], body: '', ends: ['malformed'] }],
  [
    'a chunk without a size',
    `${OK}transfer-encoding: chunked\r\n\r\nxyz\r\n`,
    { heads: [[200, 'OK', []]], body: '', ends: ['malformed'] },
  ],
];

test.each(CASES)('%s is read the same, wherever it is cut', (_, bytes, expected, options) => {
  expect(read([bytes], options)).toEqual(expected);
  expect(read([...bytes], options)).toEqual(expected);
  for (let cut = 1; cut < bytes.length; cut++) {
    expect(read([bytes.slice(0, cut), bytes.slice(cut)], options)).toEqual(expected);
  }
});

test('an answer that ends early has no end, and bytes that nobody asked for close the connection', () => {
  expect(read([`${OK}content-length: 5\r\n\r\nhel`], { closes: true }).ends).toEqual([]);
  expect(read([`${OK}content-length: 1\r\n\r\nxHTTP`]).ends).toEqual([false]);
});
