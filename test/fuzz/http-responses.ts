import type { Random } from '../../harness/load/random.ts';
import { below, mutated, oneOf } from './mutations.ts';
import type { Ending } from './transport-probe.ts';

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

const INTERIM = [
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n',
];
const REASONS = ['OK', '', 'Not Found', 'x'.repeat(40)];
const CONNECTION = [
  'close',
  'keep-alive',
  'Keep-Alive, Upgrade',
  'upgrade , Close',
  'not-close',
  'x-keep-alive',
];
const HEADERS = ['Date: today', 'Server: x', 'X-Empty:', 'Set-Cookie: a=b; c="d"', 'Content-Type: text/html'];

/** What a server says to one request. */
export interface HttpTurn {
  readonly bytes: Buffer;
  /** How the connection is closed when the answer is not complete with that. */
  readonly ending: Ending;
  /** The connection is closed when the answer is complete, whatever was said. */
  readonly hangsUp: boolean;
  /** The next request is sent within the end of this one, as a closed loop does. */
  readonly isEager: boolean;
}

export interface HttpDialogue {
  readonly keepAlive: boolean;
  readonly turns: readonly HttpTurn[];
}

/** A few answers, one after another: sound ones, changed ones, and changed ones once more. */
export function httpDialogue(random: Random): HttpDialogue {
  const turns: HttpTurn[] = [];
  for (let left = 1 + below(random, 3); left > 0; left--) {
    const before = turns.at(-1)?.bytes;
    const basis = before !== undefined && random() < 0.5 ? before : soundResponse(random);
    turns.push({
      bytes: basis.length > 0 && random() < 0.75 ? mutated(basis, random, TOKENS) : basis,
      ending: random() < 0.5 ? 'orderly' : 'broken',
      hangsUp: random() < 0.1,
      isEager: random() < 0.5,
    });
  }
  return { keepAlive: random() < 0.9, turns };
}

function soundResponse(random: Random): Buffer {
  const interim = random() < 0.1 ? oneOf(random, INTERIM) : '';
  const status = oneOf(random, [200, 200, 200, 204, 304, 404, 429, 503]);
  const minor = random() < 0.1 ? 0 : 1;
  const lines = [`HTTP/1.${minor} ${status} ${oneOf(random, REASONS)}`];
  for (let left = below(random, 4); left > 0; left--) lines.push(oneOf(random, HEADERS));
  for (; random() < 0.15; ) lines.push(`Connection: ${oneOf(random, CONNECTION)}`);
  if (random() < 1 / 500) lines.push(...longLines(random));
  const body = Buffer.alloc(below(random, random() < 0.05 ? 5000 : 60), 'body');
  const bodyless = status === 204 || status === 304;
  const framing = bodyless ? 'none' : oneOf(random, ['length', 'length', 'chunked', 'close'] as const);
  if (framing === 'length') lines.push(`Content-Length: ${body.length}`);
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked');
  const head = Buffer.from(`${interim}${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (framing === 'none') return head;
  return Buffer.concat([head, framing === 'chunked' ? chunked(body, random) : body]);
}

/** Lines as long as they may be, or longer, and a head that is as long as it may be, or longer. */
function longLines(random: Random): string[] {
  const name = 'X-Long: ';
  return Array.from({ length: 1 + below(random, 5) }, () => {
    const room = 16_384 - name.length - below(random, 600) + below(random, 4);
    return name + 'y'.repeat(room);
  });
}

function chunked(body: Buffer, random: Random): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const chunk = body.subarray(at, at + 1 + below(random, 20));
    const extension = random() < 0.1 ? oneOf(random, [';a=b', ' ; a="b;c"', ' ', ' x']) : '';
    pieces.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`), chunk, Buffer.from('\r\n'));
    at += chunk.length;
  }
  const trailer = random() < 0.2 ? 'X-Sum: 1\r\n' : '';
  return Buffer.concat([...pieces, Buffer.from(`0\r\n${trailer}\r\n`)]);
}
