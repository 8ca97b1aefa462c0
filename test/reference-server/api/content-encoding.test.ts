import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  codingOf,
  packed,
  preferredCoding,
  unpacked,
} from '../../../reference-server/api/content-encoding.ts';

describe('what an answer is compressed by', () => {
  // biome-ignore format: a table
  test.each([
    ['',                                  undefined, true],
    ['identity',                          undefined, true],
    ['gzip',                              'gzip',    true],
    ['deflate, gzip',                     'gzip',    true],
    ['gzip;q=0.5, deflate;q=0.8',         'deflate', true],
    ['GZIP; Q=0.001',                     'gzip',    true],
    ['br, deflate',                       'deflate', true],
    ['br',                                undefined, true],
    ['gzip;q=0',                          undefined, true],
    ['gzip;q=0.5, identity',              undefined, true],
    ['identity;q=0, deflate;q=0.1',       'deflate', false],
    ['*',                                 'gzip',    true],
    ['*;q=0',                             undefined, false],
    ['gzip;q=0, *',                       'deflate', true],
    ['gzip;q=x',                          undefined, true],
    [';;,=,q=1',                          undefined, true],
  ])('"%s"', (header, coding, mayBePlain) => {
    expect(preferredCoding(header)).toEqual({ coding, mayBePlain });
  });

  const reply = (bytes: number) => ({
    status: 200,
    contentType: 'text/plain',
    body: Buffer.alloc(bytes, 'ab'),
    headers: ['X-Own', '1'],
  });

  test('and says so; short answers go as they are, unless their caller refuses that', async () => {
    const long = await packed(reply(5000), 'gzip');
    expect(gunzipSync(long.body)).toEqual(reply(5000).body);
    expect(long.headers).toEqual(['X-Own', '1', 'Content-Encoding', 'gzip', 'Vary', 'Accept-Encoding']);
    expect(long.body.byteLength).toBeLessThan(200);
    expect(await packed(reply(1000), 'gzip')).toEqual(reply(1000));
    const short = await packed(reply(10), 'deflate, identity;q=0');
    expect(inflateSync(short.body)).toEqual(reply(10).body);
  });
});

describe('what a request is compressed by', () => {
  const text = Buffer.from('again '.repeat(100));

  test.each([
    [undefined, undefined],
    ['', undefined],
    ['identity', undefined],
    ['gzip', 'gzip'],
    [' Deflate ', 'deflate'],
  ] as const)('%s is %s', (header, coding) => {
    expect(codingOf(header)).toBe(coding);
  });

  test.each(['br', 'gzip, gzip', 'x-gzip'])('%s is refused with what is taken', (header) => {
    expect(() => codingOf(header)).toThrow(
      expect.objectContaining({ status: 501, headers: ['Accept-Encoding', 'gzip, deflate'] }),
    );
  });

  test.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
  ] as const)('%s is unpacked, as far as the limit allows what comes out', async (coding, bytes) => {
    expect(await unpacked(bytes, coding, 600)).toEqual(text);
    expect(await unpacked(Buffer.alloc(0), coding, 600)).toHaveLength(0);
    await expect(unpacked(bytes, coding, 599)).rejects.toMatchObject({ status: 413 });
    await expect(unpacked(text, coding, 600)).rejects.toMatchObject({ status: 400 });
    await expect(unpacked(bytes.subarray(0, -9), coding, 600)).rejects.toMatchObject({ status: 400 });
  });
});
