import fc, { property, uint8Array } from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { plainHead } from '../../../reference-server/api/plain-head.ts';

const LINES = [
  'POST /v2/models/ranker/infer HTTP/1.1',
  'Host: 127.0.0.1:8000',
  'Content-Length: 12',
  'Inference-Header-Content-Length: 7',
];
const headOf = (lines: readonly string[], rest = '') => Buffer.from(`${lines.join('\r\n')}\r\n\r\n${rest}`);
const withLine = (line: string) => headOf([...LINES, line]);
const instead = (at: number, line: string) => headOf(LINES.map((own, index) => (index === at ? line : own)));

describe('plainHead', () => {
  it('reads what a hurried client sends, whatever follows it', () => {
    expect(plainHead(headOf(LINES, '{"id":1} and more'), undefined)).toEqual({
      bytes: headOf(LINES),
      model: 'ranker',
      version: undefined,
      bodyBytes: 12,
      jsonBytes: '7',
    });
    const versioned = instead(0, 'POST /v2/models/a.b-c_d/versions/3/infer HTTP/1.1');
    expect(plainHead(versioned, undefined)).toMatchObject({ model: 'a.b-c_d', version: '3' });
    expect(plainHead(headOf(LINES.slice(0, 3)), undefined)?.jsonBytes).toBeUndefined();
  });

  it.each([
    'X-Inferometer-Run: test',
    'Connection: keep-alive',
    'connection:Keep-Alive',
    'Accept: */*',
    'User-Agent: x/1 (y)',
    'Content-Type: a/b',
  ])('takes %s', (line) =>
    expect(plainHead(withLine(line), undefined)).toMatchObject({ model: 'ranker', bodyBytes: 12 }),
  );

  test.each([
    'Transfer-Encoding: chunked',
    'Content-Encoding: gzip',
    'Accept-Encoding: gzip',
    'Expect: 100-continue',
    'Connection: close',
    'Connection: upgrade',
    'Authorization: Bearer x',
    'Upgrade: h2c',
    'X-Anything: 1',
    'Content-Length: 12',
    'Host: twice',
    ' folded: line',
    'Accept : space',
    'Accept: \x01',
    'Accept: caf\u00e9',
    'no colon',
  ])('leaves a head with "%s" to the reader that knows all of HTTP', (line) => {
    expect(plainHead(withLine(line), undefined)).toBeUndefined();
  });

  test.each([
    [0, 'GET /v2/models/ranker/infer HTTP/1.1'],
    [0, 'POST /v2/models/ranker/infer HTTP/1.0'],
    [0, 'POST  /v2/models/ranker/infer HTTP/1.1'],
    [0, 'POST /v2/models/ranker/infer?x=1 HTTP/1.1'],
    [0, 'POST /v2/models/ran%20ker/infer HTTP/1.1'],
    [0, 'POST /v2/models/ranker/stats HTTP/1.1'],
    [0, 'POST /v2/models/a/b/c/infer HTTP/1.1'],
    [0, 'POST http://x/v2/models/ranker/infer HTTP/1.1'],
    [1, 'Hosts: 127.0.0.1'],
    [2, 'Content-Length: +12'],
    [2, 'Content-Length: 1e3'],
    [2, 'Content-Length: 12, 12'],
    [2, 'Content-Length: 9999999999'],
    [2, 'Accept: */*'],
  ])('line %i as "%s"', (at, line) => expect(plainHead(instead(at, line), undefined)).toBeUndefined());

  it('needs all of it, within 2 KiB', () => {
    const whole = headOf(LINES);
    for (let length = 0; length < whole.length; length++)
      expect(plainHead(whole.subarray(0, length), undefined)).toBeUndefined();
    expect(plainHead(withLine(`User-Agent: ${'x'.repeat(2048)}`), undefined)).toBeUndefined();
  });

  it('knows the last one again, and only that', () => {
    const last = plainHead(headOf(LINES), undefined);
    expect(plainHead(headOf(LINES, 'body'), last)).toBe(last);
    const other = plainHead(instead(2, 'Content-Length: 13'), last);
    expect(other).toMatchObject({ bodyBytes: 13 });
    expect(plainHead(headOf(LINES).subarray(0, 20), last)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      property(uint8Array({ maxLength: 300 }), (noise) => {
        plainHead(Buffer.concat([headOf(LINES).subarray(0, noise[0] ?? 0), noise]), undefined);
      }),
    );
  });
});
