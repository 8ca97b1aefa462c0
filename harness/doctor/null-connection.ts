import type { Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');
const ANSWER = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
);
/** What a pipe of requests may ask at once without another allocation. */
const ANSWERS = Buffer.concat(Array.from({ length: 64 }, () => ANSWER));

/**
 * Answers HTTP/1.1 requests with as little work as can be: all requests of a connection are taken to be as long as its
 * first, so they are counted instead of parsed. Good for our own generators, and for nobody else.
 */
export class NullHttp {
  readonly #socket: Socket;
  readonly #onRequests: (count: number) => void;
  #start: Buffer | undefined = Buffer.alloc(0);
  #requestBytes = 0;
  #unanswered = 0;

  constructor(socket: Socket, onRequests: (count: number) => void) {
    this.#socket = socket;
    this.#onRequests = onRequests;
  }

  read(chunk: Buffer): void {
    if (this.#start !== undefined && !this.#measure(chunk)) return;
    this.#unanswered += chunk.length;
    const count = Math.floor(this.#unanswered / this.#requestBytes);
    if (count === 0) return;
    this.#unanswered -= count * this.#requestBytes;
    this.#onRequests(count);
    for (let left = count; left > 0; left -= 64) {
      this.#socket.write(left === 1 ? ANSWER : ANSWERS.subarray(0, Math.min(64, left) * ANSWER.length));
    }
  }

  /** True once the length of the first request is known. What came before `chunk` is counted as unanswered. */
  #measure(chunk: Buffer): boolean {
    const start = Buffer.concat([this.#start ?? Buffer.alloc(0), chunk]);
    const headEnd = start.indexOf(HEAD_END);
    if (headEnd < 0) {
      this.#start = start;
      return false;
    }
    const head = start.toString('latin1', 0, headEnd);
    const bodyBytes = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    this.#requestBytes = headEnd + HEAD_END.length + bodyBytes;
    this.#unanswered = start.length - chunk.length;
    this.#start = undefined;
    return true;
  }
}
