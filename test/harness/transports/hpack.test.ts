import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderFields } from '../../../harness/transports/header-fields.ts';
import { HEADER_LIST_BYTES, HeaderDecoder } from '../../../harness/transports/hpack-decoder.ts';
import { encodeHeaders } from '../../../harness/transports/hpack-encoder.ts';
import { decodeHuffman } from '../../../harness/transports/hpack-huffman.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

function huffman(bytes: Buffer): string | undefined {
  const into = Buffer.alloc(bytes.length * 2 + 8);
  const length = decodeHuffman(bytes, 0, bytes.length, into);
  return length < 0 ? undefined : into.toString('latin1', 0, length);
}

function decode(block: Buffer, decoder = new HeaderDecoder()): HeaderFields | undefined {
  return decoder.decode(block, 0, block.length);
}

describe('the Huffman code', () => {
  it.each([
    ['f1e3 c2e5 f23a 6ba0 ab90 f4ff', 'www.example.com'],
    ['a8eb 1064 9cbf', 'no-cache'],
    ['25a8 49e9 5ba9 7d7f', 'custom-key'],
    ['25a8 49e9 5bb8 e8b4 bf', 'custom-value'],
    ['d07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3', 'https://www.example.com'],
  ])('%s is %s (RFC 7541, appendix C)', (bytes, text) => {
    expect(huffman(hex(bytes))).toBe(text);
  });

  it.each([
    ['ff', 'eight bits of padding'],
    ['1e', 'padding with a zero'],
    ['ffff ffff', 'the end-of-string symbol'],
  ])('%s: %s is refused', (bytes) => {
    expect(huffman(hex(bytes))).toBeUndefined();
  });
});

describe('a header block', () => {
  it('gives status and content type, from indexes and from literals', () => {
    const block = Buffer.concat([
      hex('88'),
      encodeHeaders([
        ['content-type', 'application/grpc+proto'],
        ['x', 'y'],
      ]),
    ]);
    expect(decode(block)).toMatchObject({ httpStatus: 200, isGrpc: true, grpcStatus: -1, malformed: false });
    expect(decode(encodeHeaders([[':status', '404']]))).toMatchObject({ httpStatus: 404, isGrpc: false });
    // 302 as a Huffman-coded literal with the name of index 8, to be indexed: with a table of no size, it is not.
    expect(decode(hex('4882 6402'))).toMatchObject({ httpStatus: 302 });
  });

  it.each([
    ['0', 0],
    ['14', 14],
    ['17', 2],
    ['-1', 2],
    ['', 2],
    ['1x', 2],
  ])('grpc-status %j is %i', (text, grpcStatus) => {
    const block = encodeHeaders([
      ['grpc-status', text],
      ['grpc-message', 'a%20b'],
    ]);
    expect(decode(block)).toMatchObject({ grpcStatus, grpcMessage: 'a%20b', httpStatus: 0 });
  });

  it.each([
    ['be', 'the dynamic table, which is empty'],
    ['80', 'index 0'],
    ['3fe1 1f', 'a table size that we did not allow'],
    ['88 20', 'a size update after a field'],
    ['00 05 61', 'a name that is cut off'],
    ['00 01 61 85 61', 'a value that is cut off'],
    ['00', 'a field without a name'],
    ['0fff ffff ffff ff7f', 'an integer without end'],
    ['00 81 ff 01 61', 'bad padding'],
  ])('%s cannot be decoded: %s', (bytes) => {
    expect(decode(hex(bytes))).toBeUndefined();
  });

  it.each([
    [
      [
        [':status', '200'],
        [':status', '200'],
      ],
      'a status twice',
    ],
    [[[':status', '20x']], 'a status that is no number'],
    [
      [
        ['a', 'b'],
        [':status', '200'],
      ],
      'a pseudo-field after others',
    ],
    [[[':path', '/']], 'a request field'],
    [[['Grpc-Status', '0']], 'upper case'],
    [[['', 'x']], 'no name'],
    [[['a b', 'c']], 'a blank in a name'],
    [[['a:b', 'c']], 'a colon in a name'],
    [[['a', 'b\r\nc']], 'a line break'],
    [[['grpc-message', 'b\0c']], 'a NUL in what is known'],
    [
      [
        ['grpc-status', '0'],
        ['grpc-status', '0'],
      ],
      'two ends',
    ],
  ] as [[string, string][], string][])('%j is malformed: %s', (headers) => {
    expect(decode(encodeHeaders(headers))?.malformed).toBe(true);
  });

  it('may begin with the size update that a table of no size asks for', () => {
    expect(decode(hex('20 88'))?.httpStatus).toBe(200);
  });

  it('is refused when it is too long, or decodes to too much', () => {
    const value = 'x'.repeat(HEADER_LIST_BYTES);
    expect(decode(encodeHeaders([['a', value]]))).toBeUndefined();
    expect(decode(Buffer.alloc(2000, 0x81))).toBeUndefined();
    expect(decode(encodeHeaders([['a', value.slice(100)]]))).toBeDefined();
  });

  it('means the same whatever was decoded before', () => {
    const header = fc.tuple(
      fc.constantFrom('grpc-status', 'grpc-message', 'x-request-id', 'date', 'content-type'),
      fc.constantFrom('0', '5', 'application/grpc', 'x'.repeat(600)),
    );
    const shared = new HeaderDecoder();
    fc.assert(
      fc.property(fc.array(fc.array(header, { maxLength: 4 }), { maxLength: 20 }), (blocks) => {
        for (const headers of blocks) {
          const block = encodeHeaders(headers);
          const { httpStatus, grpcStatus, grpcMessage, isGrpc, malformed } = decode(block) ?? {};
          expect(decode(block, shared)).toMatchObject({
            httpStatus,
            grpcStatus,
            grpcMessage,
            isGrpc,
            malformed,
          });
        }
      }),
    );
  });

  it('never throws, whatever its bytes', () => {
    const decoder = new HeaderDecoder();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        decode(Buffer.from(bytes), decoder);
      }),
      { numRuns: 2000 },
    );
  });
});
