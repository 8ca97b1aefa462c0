import { colonOf, HEX, isBlank, isText, NOT_HEX, SEMICOLON } from './http1-bytes.ts';
import { NO_LENGTH, ResponseHead } from './http1-head.ts';
import { HeadMemo } from './http1-head-memo.ts';

/** What a response consists of, in order. `onEnd` comes last and once; nothing follows it in the same read. */
export interface ResponseEvents {
  onHead(status: number): void;
  onBody(buffer: Buffer, from: number, to: number): void;
  /** `reusable`: the connection may carry another request. */
  onEnd(reusable: boolean): void;
}

export interface ResponseLimits {
  readonly lineBytes: number;
  readonly headBytes: number;
  readonly bodyBytes: number;
}

export const RESPONSE_LIMITS: ResponseLimits = { lineBytes: 16_384, headBytes: 65_536, bodyBytes: 2 ** 31 };

const IDLE = 0;
const STATUS_LINE = 1;
const HEADER = 2;
const FIXED_BODY = 3;
const BODY_TO_CLOSE = 4;
const CHUNK_SIZE = 5;
const CHUNK_DATA = 6;
const CHUNK_END = 7;
const TRAILER = 8;

const CR = 13;
const LF = 10;
const NOT_HERE = -1;

/**
 * Strict, incremental reader of HTTP/1.x responses to requests other than HEAD: the same bytes give the same events
 * however they are cut. Anything that RFC 9112 forbids, or that two readers could understand differently (bare CR or LF,
 * folded headers, two lengths, length beside chunked), is malformed.
 */
export class ResponseParser {
  readonly #events: ResponseEvents;
  readonly #limits: ResponseLimits;
  readonly #memo: HeadMemo;
  readonly #head: ResponseHead;
  #state = IDLE;
  #started = false;
  /** Bytes of the present body or chunk still to come. */
  #remaining = 0;
  #bodyBytes = 0;
  #headBytes = 0;
  /** Where the head begins in this buffer, when it begins in it. */
  #headFrom = NOT_HERE;
  /** The start of a line whose end has not come yet. */
  #carry: Buffer | undefined;
  #carried = 0;

  /** `memo`: may be shared by all parsers of one server that have the same limits. */
  constructor(
    events: ResponseEvents,
    limits: ResponseLimits = RESPONSE_LIMITS,
    memo: HeadMemo = new HeadMemo(),
  ) {
    this.#events = events;
    this.#limits = limits;
    this.#memo = memo;
    this.#head = new ResponseHead(limits.bodyBytes);
  }

  /** A request has been sent: a response is due. */
  expect(): void {
    this.#started = false;
    this.#bodyBytes = 0;
    this.#headBytes = 0;
    this.#carried = 0;
    this.#beginHead();
  }

  /** False when the bytes are malformed (or nothing was due); the connection is then of no further use. */
  read(buffer: Buffer, from: number, to: number): boolean {
    let at: number = from;
    const isStart = this.#state === STATUS_LINE && this.#headBytes === 0;
    this.#headFrom = isStart ? from : NOT_HERE;
    const known = isStart ? this.#memo.match(buffer, from, to) : 0;
    if (known > 0) {
      this.#started = true;
      this.#head.recall(this.#memo);
      at = this.#headEnded(from + known, to);
    }
    while (at >= 0 && at < to) {
      if (this.#state === IDLE) return false;
      this.#started = true;
      at = this.#isBody() ? this.#readBody(buffer, at, to) : this.#readLine(buffer, at, to);
    }
    return at !== MALFORMED;
  }

  /** The peer closed the connection in an orderly way: what does that make of the response that is due? */
  close(): 'complete' | 'truncated' | 'nothing' {
    if (this.#state === IDLE || !this.#started) return 'nothing';
    if (this.#state !== BODY_TO_CLOSE) return 'truncated';
    this.#state = IDLE;
    return 'complete';
  }

  #beginHead(): void {
    this.#state = STATUS_LINE;
    this.#head.begin();
  }

  #isBody(): boolean {
    return this.#state === FIXED_BODY || this.#state === CHUNK_DATA || this.#state === BODY_TO_CLOSE;
  }

  #readBody(buffer: Buffer, at: number, to: number): number {
    const end = this.#state === BODY_TO_CLOSE ? to : Math.min(to, at + this.#remaining);
    this.#bodyBytes += end - at;
    if (this.#bodyBytes > this.#limits.bodyBytes) return MALFORMED;
    this.#events.onBody(buffer, at, end);
    if (this.#state === BODY_TO_CLOSE) return end;
    this.#remaining -= end - at;
    if (this.#remaining > 0) return end;
    if (this.#state === FIXED_BODY) return this.#end(end === to);
    this.#state = CHUNK_END;
    return end;
  }

  /** Consumes up to the end of a line, or all there is; a whole line is handled in place. */
  #readLine(buffer: Buffer, at: number, to: number): number {
    let end = at;
    while (end < to && buffer[end] !== LF) end += 1;
    this.#headBytes += (end < to ? end + 1 : to) - at;
    if (this.#carried + end - at > this.#limits.lineBytes || this.#headBytes > this.#limits.headBytes)
      return MALFORMED;
    if (end === to) {
      this.#keep(buffer, at, end);
      return to;
    }
    if (this.#carried === 0) return this.#line(buffer, at, end, end + 1, to);
    this.#keep(buffer, at, end);
    const length = this.#carried;
    this.#carried = 0;
    return this.#line(this.#carry ?? buffer, 0, length, end + 1, to);
  }

  #keep(buffer: Buffer, from: number, to: number): void {
    this.#carry ??= Buffer.allocUnsafe(this.#limits.lineBytes);
    buffer.copy(this.#carry, this.#carried, from, to);
    this.#carried += to - from;
  }

  /** One line without its LF; `after` is where reading goes on. */
  #line(line: Buffer, from: number, lf: number, after: number, to: number): number {
    const end = lf - 1;
    if (end < from || line[end] !== CR) return MALFORMED;
    switch (this.#state) {
      case STATUS_LINE:
        this.#state = HEADER;
        return this.#head.statusLine(line, from, end) ? after : MALFORMED;
      case HEADER:
        if (from === end) return this.#headLine(line, after, to);
        return this.#head.header(line, from, end) ? after : MALFORMED;
      case CHUNK_SIZE:
        return this.#chunkSize(line, from, end) ? after : MALFORMED;
      case CHUNK_END:
        this.#state = CHUNK_SIZE;
        this.#headBytes = 0;
        return from === end ? after : MALFORMED;
      default: {
        if (from === end) return this.#end(after === to);
        const colon = colonOf(line, from, end);
        return colon > 0 && isText(line, colon, end) ? after : MALFORMED;
      }
    }
  }

  /** The empty line after the headers. */
  #headLine(line: Buffer, after: number, to: number): number {
    const head = this.#head;
    if (this.#headFrom !== NOT_HERE && !head.isInterim) head.teach(this.#memo, line, this.#headFrom, after);
    return this.#headEnded(after, to);
  }

  #headEnded(after: number, to: number): number {
    const head = this.#head;
    if (!head.isSound) return MALFORMED;
    if (head.isInterim) {
      this.#beginHead();
      return after;
    }
    this.#events.onHead(head.status);
    this.#headBytes = 0;
    if (head.hasNoBody) return this.#end(after === to);
    if (head.chunked) this.#state = CHUNK_SIZE;
    else if (head.length === NO_LENGTH) this.#state = BODY_TO_CLOSE;
    else {
      this.#state = FIXED_BODY;
      this.#remaining = head.length;
    }
    return after;
  }

  /** Hexadecimal, then extensions after a semicolon, which mean nothing to us. Some old servers pad it with blanks. */
  #chunkSize(line: Buffer, from: number, end: number): boolean {
    let size = 0;
    let at = from;
    for (; at < end; at++) {
      const digit = HEX[line[at] ?? 0] ?? NOT_HEX;
      if (digit === NOT_HEX) break;
      size = size * 16 + digit;
      if (size > this.#limits.bodyBytes) return false;
    }
    if (at === from) return false;
    while (at < end && isBlank(line[at])) at += 1;
    if (at < end && line[at] !== SEMICOLON) return false;
    if (!isText(line, at, end)) return false;
    this.#remaining = size;
    this.#headBytes = 0;
    this.#state = size === 0 ? TRAILER : CHUNK_DATA;
    return true;
  }

  /** Bytes after the response belong to no request: what carried them cannot be trusted with another. */
  #end(nothingFollows: boolean): number {
    this.#state = IDLE;
    this.#events.onEnd(this.#head.keepAlive && nothingFollows);
    return ENDED;
  }
}

const MALFORMED = -1;
const ENDED = -2;
