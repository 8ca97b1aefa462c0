import type { Random } from '../../harness/load/random.ts';
import { below, mutated, oneOf } from './mutations.ts';

/** Pieces that a reader of HTTP/1.1 must tell apart. */
const TOKENS = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  ';',
  '0\r\n\r\n',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.0 ',
  'HTTP/2.0 200\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 99999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Connection: close\r\n',
  'X: folded\r\n more\r\n',
  '7fffffff\r\n',
  'ffffffffffffffff\r\n',
  '5;name="a\r\n',
  `X-Long: ${'y'.repeat(17_000)}\r\n`,
].map((text) => Buffer.from(text, 'latin1'));

const REASONS = ['OK', '', 'Not Found', 'x'.repeat(40)];
const HEADERS = ['Date: today', 'Server: x', 'X-Empty:', 'Set-Cookie: a=b; c="d"', 'Content-Type: text/html'];

/** A response as a server sends it, then changed: one in sixteen is left as it is. */
export function httpResponse(random: Random): { bytes: Buffer; sound: boolean } {
  const whole = soundResponse(random);
  const sound = random() < 1 / 16;
  return { bytes: sound ? whole : mutated(whole, random, TOKENS), sound };
}

function soundResponse(random: Random): Buffer {
  const interim = random() < 0.1 ? 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' : '';
  const status = oneOf(random, [200, 200, 200, 204, 304, 404, 429, 503]);
  const minor = random() < 0.1 ? 0 : 1;
  const lines = [`HTTP/1.${minor} ${status} ${oneOf(random, REASONS)}`];
  for (let left = below(random, 4); left > 0; left--) lines.push(oneOf(random, HEADERS));
  if (random() < 0.1) lines.push(oneOf(random, ['Connection: close', 'Connection: keep-alive']));
  const body = Buffer.alloc(below(random, random() < 0.05 ? 5000 : 60), 'body');
  const bodyless = status === 204 || status === 304;
  const framing = bodyless ? 'none' : oneOf(random, ['length', 'length', 'chunked', 'close'] as const);
  if (framing === 'length') lines.push(`Content-Length: ${body.length}`);
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked');
  const head = Buffer.from(`${interim}${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (framing === 'none') return head;
  return Buffer.concat([head, framing === 'chunked' ? chunked(body, random) : body]);
}

function chunked(body: Buffer, random: Random): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const chunk = body.subarray(at, at + 1 + below(random, 20));
    const extension = random() < 0.1 ? ';a=b' : '';
    pieces.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from('\r\n'));
    at += chunk.length;
  }
  const trailer = random() < 0.2 ? 'X-Sum: 1\r\n' : '';
  return Buffer.concat([...pieces, Buffer.from(`0\r\n${trailer}\r\n`)]);
}
