import { endToEnd } from './connection-headers.ts';

/** What is told of one answer, in this order: one head, any number of pieces, one end; or `malformed` instead of the rest. */
export interface AnswerSink {
  /** Without the headers of the connection, as a flat list: name, value, name, value … */
  head(status: number, message: string, headers: string[]): void;
  /** `last`: nothing of the body follows. Where that is not known beforehand, only `end` says so. */
  data(piece: Buffer, last: boolean): void;
  /** `keepsOpen`: the connection may carry another request. */
  end(keepsOpen: boolean): void;
  malformed(): void;
}

/** A head larger than this is none. */
const MOST_HEAD_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

type State =
  | 'head'
  | 'body'
  | 'size'
  | 'chunk'
  | 'chunk-end'
  | 'trailers'
  | 'until-close'
  | 'broken'
  | 'done';

/** Reads one answer of HTTP/1.1 from the bytes of a connection, however they are cut (RFC 9112, 6 and 7). */
export class AnswerReader {
  readonly #sink: AnswerSink;
  readonly #hasNoBody: boolean;
  #state: State = 'head';
  /** Bytes of the body, or of its chunk, that are still to come. */
  #left = 0;
  /** Of a head or a line that has not ended yet. */
  #kept: Buffer = NOTHING;
  #keepsOpen = true;

  /** `toHead`: the answer to a HEAD, which tells the length of a body that it does not have. */
  constructor(sink: AnswerSink, toHead: boolean) {
    this.#sink = sink;
    this.#hasNoBody = toHead;
  }

  push(piece: Buffer): void {
    let data = this.#kept.length === 0 ? piece : Buffer.concat([this.#kept, piece]);
    this.#kept = NOTHING;
    while (this.#state !== 'done') {
      const rest = this.#step(data);
      if (rest === undefined) {
        this.#kept = data;
        return;
      }
      data = rest;
    }
    // Bytes that nobody asked for: the connection is not to be trusted with another request.
    this.#sink.end(this.#keepsOpen && data.length === 0);
  }

  /** The connection has ended; true where that ends the answer as well. */
  closed(): boolean {
    if (this.#state !== 'until-close') return false;
    this.#state = 'done';
    this.#sink.end(false);
    return true;
  }

  /** Takes what it can; the rest, or undefined where more is needed first. */
  #step(data: Buffer): Buffer | undefined {
    switch (this.#state) {
      case 'head':
        return this.#readHead(data);
      case 'body':
      case 'chunk':
        return this.#readBody(data);
      case 'until-close':
        if (data.length > 0) this.#sink.data(data, false);
        return data.length === 0 ? undefined : NOTHING;
      case 'broken':
        return undefined;
      case 'chunk-end':
        if (data.length < 2) return undefined;
        this.#state = 'size';
        return data.subarray(2);
      default:
        return this.#readLine(data);
    }
  }

  #readHead(data: Buffer): Buffer | undefined {
    const end = data.indexOf('\r\n\r\n');
    if (end < 0 && data.length <= MOST_HEAD_BYTES) return undefined;
    const head = end < 0 ? undefined : parseHead(data.toString('latin1', 0, end));
    if (head === undefined) return this.#giveUp();
    // 100 Continue and 103 Early Hints come before the answer.
    if (head.status < 200) return data.subarray(end + 4);
    this.#keepsOpen = head.keepsOpen;
    this.#sink.head(head.status, head.message, head.headers);
    this.#left = head.length ?? 0;
    const none = this.#hasNoBody || head.status === 204 || head.status === 304;
    if (none || (!head.chunked && head.length === 0)) this.#state = 'done';
    else if (head.chunked) this.#state = 'size';
    else this.#state = head.length === undefined ? 'until-close' : 'body';
    return data.subarray(end + 4);
  }

  #readBody(data: Buffer): Buffer | undefined {
    if (data.length === 0) return undefined;
    const piece = data.length > this.#left ? data.subarray(0, this.#left) : data;
    this.#left -= piece.length;
    const isBody = this.#state === 'body';
    this.#sink.data(piece, isBody && this.#left === 0);
    if (this.#left === 0) this.#state = isBody ? 'done' : 'chunk-end';
    return data.subarray(piece.length);
  }

  /** The size of a chunk, whose extensions say nothing to us; or a trailer, which is left out. */
  #readLine(data: Buffer): Buffer | undefined {
    const end = data.indexOf('\r\n');
    if (end < 0) return data.length > MOST_HEAD_BYTES ? this.#giveUp() : undefined;
    const line = data.toString('latin1', 0, end);
    if (this.#state === 'size') {
      const size = /^([0-9a-f]{1,12})\s*(;|$)/i.exec(line)?.[1];
      if (size === undefined) return this.#giveUp();
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'chunk';
    } else if (line === '') {
      this.#state = 'done';
    }
    return data.subarray(end + 2);
  }

  #giveUp(): undefined {
    this.#state = 'broken';
    this.#sink.malformed();
    return undefined;
  }
}

interface Head {
  readonly status: number;
  readonly message: string;
  readonly headers: string[];
  readonly length: number | undefined;
  readonly chunked: boolean;
  readonly keepsOpen: boolean;
}

function parseHead(text: string): Head | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const [, minor, status, message = ''] = /^HTTP\/1\.([01]) (\d{3})(?: (.*))?$/.exec(first) ?? [];
  if (status === undefined) return undefined;
  const raw = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 1 ? [] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const textOf = (wanted: string) =>
    raw.find((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === wanted)?.toLowerCase();
  const length = textOf('content-length');
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return undefined;
  return {
    status: Number(status),
    message,
    headers: endToEnd(raw),
    length: length === undefined ? undefined : Number(length),
    chunked: textOf('transfer-encoding')?.endsWith('chunked') ?? false,
    keepsOpen: minor === '1' && textOf('connection') !== 'close',
  };
}
