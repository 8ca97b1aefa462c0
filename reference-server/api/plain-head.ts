import { routeOf } from './route-table.ts';

/**
 * The head of an infer request in its plainest form: what clients that are in a hurry send, again and again, byte for byte.
 *
 *   POST /v2/models/ranker/infer HTTP/1.1 | Host | Content-Length | and of other headers only those of `HARMLESS`
 *
 * Anything else (another path or method, chunks, an encoding, credentials, an expectation, a header that is not known
 * here) is not for this reader, whatever it may mean: it is for one that knows all of HTTP.
 */
export interface PlainHead {
  /** The head as it stood, with the empty line that ends it. */
  readonly bytes: Buffer;
  readonly model: string;
  readonly version: string | undefined;
  readonly bodyBytes: number;
  /** Of the header Inference-Header-Content-Length. */
  readonly jsonBytes: string | undefined;
}

const END = '\r\n\r\n';
const MOST_BYTES = 2048;
const REQUEST_LINE = /^POST (\/v2\/models\/[\w./-]+\/infer) HTTP\/1\.1$/;
const HEADER = /^([\w-]+): *([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?) *$/;
const WHOLE = /^\d{1,9}$/;
// Nothing on this server reads them, on either way.
const HARMLESS = [
  'accept',
  'content-type',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-inferometer-run',
  'x-request-id',
];
const READ = ['host', 'content-length', 'inference-header-content-length', 'connection'];

/** The head at the start of these bytes; undefined where it is not whole, or not plain. `last` spares reading it again. */
export function plainHead(bytes: Buffer, last: PlainHead | undefined): PlainHead | undefined {
  if (last !== undefined && startsWith(bytes, last.bytes)) return last;
  const end = bytes.indexOf(END);
  if (end === -1 || end > MOST_BYTES) return undefined;
  const [requestLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const path = REQUEST_LINE.exec(requestLine)?.[1];
  const headers = plainHeaders(lines);
  const length = headers?.get('content-length') ?? '';
  if (path === undefined || headers === undefined || !headers.has('host') || !WHOLE.test(length))
    return undefined;
  if (!['keep-alive', undefined].includes(headers.get('connection')?.toLowerCase())) return undefined;
  const route = inferRoute(path);
  if (route === undefined) return undefined;
  return {
    bytes: Buffer.from(bytes.subarray(0, end + END.length)),
    ...route,
    bodyBytes: Number(length),
    jsonBytes: headers.get('inference-header-content-length'),
  };
}

function startsWith(bytes: Buffer, head: Buffer): boolean {
  const { length } = head;
  return bytes.length >= length && head.compare(bytes, 0, length) === 0;
}

/** By lower-case name; undefined where one is not plain, or there twice. */
function plainHeaders(lines: readonly string[]): ReadonlyMap<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = HEADER.exec(line) ?? [];
    const key = name.toLowerCase();
    if (headers.has(key) || !(READ.includes(key) || HARMLESS.includes(key))) return undefined;
    headers.set(key, value);
  }
  return headers;
}

function inferRoute(path: string): Pick<PlainHead, 'model' | 'version'> | undefined {
  try {
    const route = routeOf('POST', path);
    return route.to === 'infer' ? { model: route.model, version: route.version } : undefined;
  } catch {
    return undefined;
  }
}
