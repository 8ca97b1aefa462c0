import type { Fate } from './fate.ts';
import type { Ending } from './transport-probe.ts';

/*
 * HTTP/1.x answers read the slow way, all bytes at hand, from RFC 9112 and RFC 9110: what the engine must make of them.
 * Stricter than they ask where a recipient may choose: bare CR or LF, folded fields, lists of lengths and codings beside
 * chunked are refused. Blanks alone behind the size of a chunk are passed over, as some old servers pad it.
 */

export interface Reading extends Omit<Fate, 'connection'> {
  /** The connection may carry another request. */
  readonly persists: boolean;
  /** Bytes came after the answer. */
  readonly hasExcess: boolean;
}

/** With its CR, without its LF. */
const LINE_BYTES = 16_384;
/** A head with those of the interim answers before it, or the trailers. */
const HEAD_BYTES = 65_536;
const BODY_BYTES = 2 ** 31;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;
const CHUNK_SIZE = /^([0-9a-f]+)[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i;

type Broken = 'malformed' | 'truncated';

interface Head {
  readonly minor: number;
  readonly status: number;
  /** By name in lower case, in order of arrival. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly end: number;
}

interface Body {
  readonly text: string;
  readonly end: number;
  readonly broken?: Broken;
}

/** What all the bytes make of the answer to one request; `ending`: how the connection is closed when they do not do. */
export function readAnswer(bytes: Buffer, ending: Ending): Reading {
  const text = bytes.toString('latin1');
  const head = finalHead(text);
  if (typeof head === 'string') return reading(text === '' ? 'reset' : head, 0);
  const { status, fields } = head;
  const lengths = fields.get('content-length');
  const isChunked = fields.has('transfer-encoding');
  if (status === 204 || status === 304) return whole(text, head, { text: '', end: head.end });
  if (isChunked) return whole(text, head, chunkedBody(text, head.end));
  if (lengths !== undefined) return whole(text, head, bodyOf(text, head.end, Number(lengths[0])));
  const outcome = ending === 'orderly' ? 'complete' : 'truncated';
  return { ...reading(outcome, status), body: text.slice(head.end) };
}

function reading(outcome: string, status: number): Reading {
  return { outcome, status, body: '', messages: 0, persists: false, hasExcess: false };
}

function whole(text: string, head: Head, { text: body, end, broken }: Body): Reading {
  if (broken !== undefined) return { ...reading(broken, head.status), body };
  const hasExcess = end < text.length;
  return { ...reading('complete', head.status), body, hasExcess, persists: persists(head) && !hasExcess };
}

/** RFC 9112, section 9.3; and 6.1: HTTP/1.0 knows no codings. */
function persists({ minor, fields }: Head): boolean {
  const options = (fields.get('connection') ?? []).flatMap((list) =>
    list.split(',').map((option) => option.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase()),
  );
  if (options.includes('close')) return false;
  if (minor === 1) return true;
  return options.includes('keep-alive') && !fields.has('transfer-encoding');
}

/** Past the interim answers. */
function finalHead(text: string): Head | Broken {
  let at = 0;
  for (;;) {
    const head = headAt(text, at, HEAD_BYTES - at);
    if (typeof head === 'string') return head;
    if (head.status === 101) return 'malformed';
    if (head.fields.has('content-length') && head.fields.has('transfer-encoding')) return 'malformed';
    if (head.status >= 200) return head;
    at = head.end;
  }
}

function headAt(text: string, from: number, room: number): Head | Broken {
  const first = lineAt(text, from, room);
  if (typeof first === 'string') return first;
  const [, minor, status] = STATUS_LINE.exec(first.line) ?? [];
  if (status === undefined) return 'malformed';
  const fields = fieldsAt(text, first.end, room - (first.end - from));
  if (typeof fields === 'string') return fields;
  return { minor: Number(minor), status: Number(status), ...fields };
}

function fieldsAt(text: string, from: number, room: number): Pick<Head, 'fields' | 'end'> | Broken {
  const fields = new Map<string, string[]>();
  let at = from;
  for (;;) {
    const next = lineAt(text, at, room - (at - from));
    if (typeof next === 'string') return next;
    if (next.line === '') return { fields, end: next.end };
    const [, name, padded = ''] = FIELD.exec(next.line) ?? [];
    if (name === undefined) return 'malformed';
    const key = name.toLowerCase();
    const values = [...(fields.get(key) ?? []), padded.replace(/^[ \t]+|[ \t]+$/g, '')];
    if (!isFraming(key, values)) return 'malformed';
    fields.set(key, values);
    at = next.end;
  }
}

/** What says how long the body is must say it in one way only. */
function isFraming(name: string, values: readonly string[]): boolean {
  const [first = ''] = values;
  if (name === 'transfer-encoding') return values.length === 1 && first.toLowerCase() === 'chunked';
  if (name !== 'content-length') return true;
  return values.every(
    (value) => /^\d{1,15}$/.test(value) && Number(value) <= BODY_BYTES && Number(value) === Number(first),
  );
}

function bodyOf(text: string, from: number, length: number): Body {
  const end = from + length;
  if (end > text.length) return { text: text.slice(from), end: text.length, broken: 'truncated' };
  return { text: text.slice(from, end), end };
}

function chunkedBody(text: string, from: number): Body {
  let body = '';
  let at = from;
  for (;;) {
    const first = lineAt(text, at, HEAD_BYTES);
    if (typeof first === 'string') return { text: body, end: at, broken: first };
    const [, digits] = CHUNK_SIZE.exec(first.line) ?? [];
    const size = Number.parseInt(digits ?? '', 16);
    if (!(size <= BODY_BYTES)) return { text: body, end: at, broken: 'malformed' };
    if (size === 0) return trailers(text, body, first.end);
    const chunk = bodyOf(text, first.end, size);
    body += chunk.text;
    if (chunk.broken !== undefined) return { ...chunk, text: body };
    const after = lineAt(text, chunk.end, HEAD_BYTES);
    if (typeof after === 'string') return { text: body, end: at, broken: after };
    if (after.line !== '') return { text: body, end: at, broken: 'malformed' };
    at = after.end;
  }
}

/** Read for their form alone. */
function trailers(text: string, body: string, from: number): Body {
  let at = from;
  for (;;) {
    const next = lineAt(text, at, HEAD_BYTES - (at - from));
    if (typeof next === 'string') return { text: body, end: at, broken: next };
    if (next.line === '') return { text: body, end: next.end };
    if (!FIELD.test(next.line)) return { text: body, end: at, broken: 'malformed' };
    at = next.end;
  }
}

/** The line at `from` without its CRLF, `room` bytes with it at most, and where the next one begins. */
function lineAt(text: string, from: number, room: number): { line: string; end: number } | Broken {
  const lf = text.indexOf('\n', from);
  const bytes = (lf < 0 ? text.length : lf) - from;
  if (bytes > LINE_BYTES || bytes + (lf < 0 ? 0 : 1) > room) return 'malformed';
  if (lf < 0) return 'truncated';
  if (bytes === 0 || text[lf - 1] !== '\r') return 'malformed';
  return { line: text.slice(from, lf - 1), end: lf + 1 };
}
