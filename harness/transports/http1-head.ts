import {
  CHUNKED,
  CLOSE,
  CONNECTION,
  CONTENT_LENGTH,
  colonOf,
  DIGIT_0,
  decimal,
  HTTP_1,
  holdsMember,
  isBlank,
  isName,
  isText,
  KEEP_ALIVE,
  SPACE,
  startsWith,
  TRANSFER_ENCODING,
} from './http1-bytes.ts';
import type { HeadMemo } from './http1-head-memo.ts';

export const NO_LENGTH = -1;
/** Where the reason begins in a status line, behind `HTTP/1.1 200`. */
const REASON_AT = 12;

/** What the lines of a response's head mean for reading the rest of it. Those that take a line say whether it is sound. */
export class ResponseHead {
  readonly #mostBytes: number;
  #minor = 1;
  #saysKeepAlive = false;
  #saysClose = false;
  status = 0;
  /** Content-Length, or NO_LENGTH. */
  length = NO_LENGTH;
  chunked = false;
  keepAlive = true;

  /** `mostBytes`: of a body. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  begin(): void {
    this.length = NO_LENGTH;
    this.chunked = false;
    this.keepAlive = true;
    this.#saysKeepAlive = false;
    this.#saysClose = false;
  }

  /** `HTTP/1.1 200 OK`; the reason may be absent. */
  statusLine(line: Buffer, from: number, end: number): boolean {
    if (end - from < REASON_AT || !startsWith(line, from, HTTP_1) || line[from + 8] !== SPACE) return false;
    if (!isText(line, from + REASON_AT, end)) return false;
    this.#minor = (line[from + 7] ?? 0) - DIGIT_0;
    if (this.#minor !== 0 && this.#minor !== 1) return false;
    this.#decideReuse();
    this.status = decimal(line, from + 9, from + REASON_AT);
    return this.status >= 100 && (end === from + REASON_AT || line[from + REASON_AT] === SPACE);
  }

  header(line: Buffer, from: number, end: number): boolean {
    const colon = colonOf(line, from, end);
    if (colon < 0 || !isText(line, colon, end)) return false;
    let valueFrom = colon + 1;
    let valueEnd = end;
    while (valueFrom < valueEnd && isBlank(line[valueFrom])) valueFrom += 1;
    while (valueEnd > valueFrom && isBlank(line[valueEnd - 1])) valueEnd -= 1;
    if (isName(line, from, colon, CONTENT_LENGTH))
      return this.#contentLength(decimal(line, valueFrom, valueEnd));
    if (isName(line, from, colon, TRANSFER_ENCODING)) {
      if (this.chunked || !isName(line, valueFrom, valueEnd, CHUNKED)) return false;
      this.chunked = true;
      this.#decideReuse();
    } else if (isName(line, from, colon, CONNECTION)) {
      if (holdsMember(line, valueFrom, valueEnd, CLOSE)) this.#saysClose = true;
      if (holdsMember(line, valueFrom, valueEnd, KEEP_ALIVE)) this.#saysKeepAlive = true;
      this.#decideReuse();
    }
    return true;
  }

  /** False where two readers could understand it differently, or where the protocol changes. */
  get isSound(): boolean {
    return this.status !== 101 && (!this.chunked || this.length === NO_LENGTH);
  }

  get isInterim(): boolean {
    return this.status < 200;
  }

  /** Nothing follows, whatever the length says. */
  get hasNoBody(): boolean {
    return this.status === 204 || this.status === 304 || (this.length === 0 && !this.chunked);
  }

  /** These bytes mean what this head says. */
  teach(memo: HeadMemo, head: Buffer, from: number, to: number): void {
    if (!memo.learn(head, from, to)) return;
    memo.status = this.status;
    memo.length = this.length;
    memo.chunked = this.chunked;
    memo.keepAlive = this.keepAlive;
  }

  /** The known head has come again. */
  recall(memo: HeadMemo): void {
    this.status = memo.status;
    this.length = memo.length;
    this.chunked = memo.chunked;
    this.keepAlive = memo.keepAlive;
  }

  /** RFC 9112, sections 9.3 and 6.1: HTTP/1.0 knows no codings, so who sends one may only be passing it on. */
  #decideReuse(): void {
    const isNew = this.#minor === 1;
    this.keepAlive = !this.#saysClose && (isNew || (this.#saysKeepAlive && !this.chunked));
  }

  #contentLength(length: number): boolean {
    if (length < 0 || length > this.#mostBytes) return false;
    if (this.length !== NO_LENGTH && this.length !== length) return false;
    this.length = length;
    return true;
  }
}
