import { deflateSync, gzipSync } from 'node:zlib';
import type { Random } from '../../harness/load/random.ts';
import { below, mutated, oneOf } from './mutations.ts';

/** What a client says on one connection. */
export interface RestCase {
  readonly bytes: Buffer;
  /** Its frame is sound, whatever stands in it: it must be answered. */
  readonly isWhole: boolean;
  /** The floats that must come back; undefined where the case was changed, or asks for something else. */
  readonly echoes: readonly number[] | undefined;
}

/** Pieces that a reader of HTTP must tell apart, or that mean something to a door. */
const HEAD_TOKENS = [
  '\r\n',
  '\n',
  '\r\n\r\n',
  ' ',
  '\0',
  ':',
  'GET ',
  'OPTIONS * HTTP/1.1\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 99999999999\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Content-Encoding: gzip\r\n',
  'Content-Encoding: br\r\n',
  'Accept-Encoding: gzip;q=0.5, *;q=0\r\n',
  'Inference-Header-Content-Length: 0\r\n',
  'Inference-Header-Content-Length: 99999\r\n',
  'Expect: 100-continue\r\n',
  'Expect: more\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: h2c\r\n',
  '/versions/1',
  '/versions/99999999999999999999',
  '%2e%2e%2f',
  '%ff',
  `X-Long: ${'y'.repeat(17_000)}\r\n`,
].map((text) => Buffer.from(text, 'latin1'));

const BODY_TOKENS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  ',',
  'null',
  'true',
  '1e999',
  '-0',
  '0.1',
  '-1',
  '9007199254740993',
  'NaN',
  '"\\ud800"',
  '"__proto__":{},',
  '"binary_data_size":8,',
  '"classification":2,',
  '"parameters":{"binary_data":true},',
  '"parameters":{"priority":1,"timeout":1},',
  '"shape":[4294967296,4294967296],',
  '"datatype":"BYTES",',
  '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[',
  '\xff\xfe',
  '\0\0\0\x80',
].map((text) => Buffer.from(text, 'latin1'));

/** A request to some route, sound or changed: its body before or after it is packed, or all of its bytes. */
export function restCase(random: Random): RestCase {
  const request = oneOf(random, KINDS)(random);
  const change = oneOf(random, [
    'nothing',
    'body',
    'body',
    'packed body',
    'everything',
    'everything',
  ] as const);
  const body = change === 'body' ? mutated(request.body, random, BODY_TOKENS) : request.body;
  const coding = oneOf(random, ['', '', '', 'gzip', 'deflate'] as const);
  const whole = coding === '' ? body : coding === 'gzip' ? gzipSync(body) : deflateSync(body);
  const sent = change === 'packed body' ? mutated(whole, random, BODY_TOKENS) : whole;
  const headers = [...request.headers, ...(coding === '' ? [] : [`Content-Encoding: ${coding}`])];
  if (random() < 0.3) headers.push(`Accept-Encoding: ${oneOf(random, ACCEPTED)}`);
  const bytes = framed(request.line, headers, sent, random() < 0.2);
  if (change === 'everything') {
    return { bytes: mutated(bytes, random, HEAD_TOKENS), isWhole: false, echoes: undefined };
  }
  return { bytes, isWhole: true, echoes: change === 'nothing' ? request.echoes : undefined };
}

const ACCEPTED = ['gzip', 'deflate, gzip;q=0.5', 'identity', '*', 'gzip, identity;q=0'];

interface Request {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly echoes: readonly number[] | undefined;
}

function framed(line: string, headers: readonly string[], body: Buffer, isChunked: boolean): Buffer {
  const length = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
  const head = [`${line} HTTP/1.1`, 'Host: x', ...headers, length, '', ''].join('\r\n');
  if (!isChunked) return Buffer.concat([Buffer.from(head), body]);
  const half = Math.ceil(body.length / 2);
  const chunks = [body.subarray(0, half), body.subarray(half)].filter(({ length: size }) => size > 0);
  const pieces = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([Buffer.from(head), ...pieces, Buffer.from('0\r\n\r\n')]);
}

const KINDS: readonly ((random: Random) => Request)[] = [
  inferJson,
  inferJson,
  inferBinary,
  inferBinary,
  inferRaw,
  inferMany,
  inferMany,
  document,
  repository,
];

/** Multiples of a quarter: the same in JSON and as floats. */
function floatsOf(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => (below(random, 4000) - 2000) / 4);
}

const ECHO = ['/v2/models/echo/infer', '/v2/models/echo/versions/1/infer', '/v2/models/echo/infer?x=1'];

function inferJson(random: Random): Request {
  const rows = 1 + below(random, 4);
  const values = floatsOf(random, 3 * rows);
  const nested = Array.from({ length: rows }, (_, row) => values.slice(3 * row, 3 * row + 3));
  const input = { name: 'x', datatype: 'FP32', shape: [rows, 3], data: random() < 0.5 ? values : nested };
  const more = oneOf(random, [{}, { id: 'a' }, { parameters: { priority: 0, mine: 'x' } }]);
  const body = Buffer.from(JSON.stringify({ ...more, inputs: [input] }));
  return { line: `POST ${oneOf(random, ECHO)}`, headers: [], body, echoes: values };
}

function inferBinary(random: Random): Request {
  const rows = 1 + below(random, 4);
  const values = floatsOf(random, 3 * rows);
  const input = {
    name: 'x',
    datatype: 'FP32',
    shape: [rows, 3],
    parameters: { binary_data_size: 12 * rows },
  };
  const outputs = [
    { name: 'same_x', parameters: oneOf(random, [{}, { binary_data: true }]) },
    ...(random() < 0.3 ? [{ name: 'same_x', parameters: { classification: 2 } }] : []),
  ];
  const head = Buffer.from(JSON.stringify({ inputs: [input], outputs }));
  const headers = [`Inference-Header-Content-Length: ${head.length}`];
  const body = Buffer.concat([head, Buffer.from(Float32Array.from(values).buffer)]);
  return { line: `POST ${oneOf(random, ECHO)}`, headers, body, echoes: values };
}

function inferRaw(random: Random): Request {
  const values = floatsOf(random, 3);
  const body = Buffer.from(Float32Array.from(values).buffer);
  return { line: `POST ${oneOf(random, ECHO)}`, headers: [RAW], body, echoes: values };
}

const RAW = 'Inference-Header-Content-Length: 0';

function inferMany(random: Random): Request {
  const bits = (bytes: number) => Buffer.from(Array.from({ length: bytes }, () => below(random, 256)));
  const length = 1 + below(random, 5);
  const inputs = [
    { name: 'bool', datatype: 'BOOL', shape: [1, 2], data: [true, random() < 0.5] },
    { name: 'int', datatype: 'INT64', shape: [1, length], data: floatsOf(random, length).map(Math.floor) },
    { name: 'byte', datatype: 'UINT8', shape: [1, 4], data: [...bits(4)] },
    { name: 'wide', datatype: 'FP64', shape: [1, 2], data: floatsOf(random, 2) },
    { name: 'text', datatype: 'BYTES', shape: [1, 1], data: [oneOf(random, ['', 'ü', 'a"b', '\0'])] },
    { name: 'half', datatype: 'FP16', shape: [1, 1], parameters: { binary_data_size: 2 } },
  ];
  const parameters = { binary_data_output: random() < 0.7 };
  const head = Buffer.from(JSON.stringify({ inputs, parameters }));
  const headers = [`Inference-Header-Content-Length: ${head.length}`];
  const body = Buffer.concat([head, bits(2)]);
  return { line: 'POST /v2/models/many/infer', headers, body, echoes: undefined };
}

function document(random: Random): Request {
  const paths = ['/v2', '/v2/health/ready', '/v2/models/many', '/v2/models/echo/config', '/v2/models/stats'];
  const path = oneOf(random, [...paths, '/v2/models/echo/versions/1/stats', '/metrics']);
  return { line: `GET ${path}`, headers: [], body: Buffer.alloc(0), echoes: undefined };
}

function repository(random: Random): Request {
  const path = oneOf(random, ['index', 'models/echo/load', 'models/echo/unload']);
  const parameters = { config: '{"max_batch_size":4}', unload_dependents: true };
  const body = oneOf(random, ['', '{}', '{"ready":true}', JSON.stringify({ parameters })]);
  return { line: `POST /v2/repository/${path}`, headers: [], body: Buffer.from(body), echoes: undefined };
}
