import type { Socket } from 'node:net';

const PREFACE_BYTES = 24;
const FRAME_HEAD_BYTES = 9;
const FRAME = { data: 0, headers: 1, settings: 4, ping: 6, windowUpdate: 8 } as const;
const ACK = 0x1;
const END_STREAM = 0x1;
const END_HEADERS = 0x4;
const INITIAL_WINDOW_SIZE = 4;
const LARGEST_WINDOW = 2 ** 31 - 1;
const FIRST_WINDOW = 65_535;

/** The first byte of `PRI * HTTP/2.0`; no HTTP/1.1 method of ours begins so but POST and PUT, and those not with PR. */
export function isHttp2(firstBytes: Buffer): boolean {
  return firstBytes[0] === 0x50 && firstBytes[1] === 0x52;
}

/**
 * Answers every gRPC call with an empty message and status 0, without looking into its headers. As HTTP/2 demands:
 * settings and pings are acknowledged and the window of the connection is kept open.
 */
export class NullGrpc {
  readonly #socket: Socket;
  readonly #onRequests: (count: number) => void;
  #pending: Buffer = Buffer.alloc(0);
  #toSkip = PREFACE_BYTES;
  #unreturnedBytes = 0;
  #out: Buffer[] = [];

  constructor(socket: Socket, onRequests: (count: number) => void) {
    this.#socket = socket;
    this.#onRequests = onRequests;
    socket.write(Buffer.concat([settings(), windowUpdate(LARGEST_WINDOW - FIRST_WINDOW)]));
  }

  read(chunk: Buffer): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let at = Math.min(this.#toSkip, bytes.length);
    this.#toSkip -= at;
    while (at + FRAME_HEAD_BYTES <= bytes.length) {
      const end = at + FRAME_HEAD_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#frame(bytes.subarray(at, end));
      at = end;
    }
    this.#pending = bytes.subarray(at);
    this.#flush();
  }

  #frame(frame: Buffer): void {
    const type = frame[3];
    const flags = frame[4] ?? 0;
    if (type === FRAME.data) this.#unreturnedBytes += frame.length - FRAME_HEAD_BYTES;
    if (type === FRAME.settings && (flags & ACK) === 0) this.#out.push(head(0, FRAME.settings, ACK, 0));
    if (type === FRAME.ping && (flags & ACK) === 0) {
      this.#out.push(head(8, FRAME.ping, ACK, 0), frame.subarray(FRAME_HEAD_BYTES));
    }
    const isRequest = type === FRAME.data || type === FRAME.headers;
    if (!isRequest || (flags & END_STREAM) === 0) return;
    this.#onRequests(1);
    this.#out.push(answer(frame.readUInt32BE(5)));
  }

  #flush(): void {
    if (this.#unreturnedBytes > 2 ** 20) {
      this.#out.push(windowUpdate(this.#unreturnedBytes));
      this.#unreturnedBytes = 0;
    }
    if (this.#out.length === 0) return;
    this.#socket.write(this.#out.length === 1 ? (this.#out[0] ?? '') : Buffer.concat(this.#out));
    this.#out = [];
  }
}

function head(length: number, type: number, flags: number, stream: number): Buffer {
  const bytes = Buffer.alloc(FRAME_HEAD_BYTES);
  bytes.writeUIntBE(length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  return bytes;
}

function frame(type: number, flags: number, payload: Buffer): Buffer {
  return Buffer.concat([head(payload.length, type, flags, 0), payload]);
}

function settings(): Buffer {
  const payload = Buffer.alloc(6);
  payload.writeUInt16BE(INITIAL_WINDOW_SIZE, 0);
  payload.writeUInt32BE(LARGEST_WINDOW, 2);
  return frame(FRAME.settings, 0, payload);
}

function windowUpdate(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return frame(FRAME.windowUpdate, 0, payload);
}

/** HPACK, literals without indexing: name by its number in the static table, or spelt out. */
const CONTENT_TYPE = Buffer.from('application/grpc');
const HEADERS = Buffer.concat([Buffer.from([0x88, 0x0f, 0x10, CONTENT_TYPE.length]), CONTENT_TYPE]);
const TRAILERS = Buffer.concat([
  Buffer.from([0x00, 11]),
  Buffer.from('grpc-status'),
  Buffer.from([1]),
  Buffer.from('0'),
]);
const EMPTY_MESSAGE = Buffer.alloc(5);
const ANSWER = Buffer.concat([
  frame(FRAME.headers, END_HEADERS, HEADERS),
  frame(FRAME.data, 0, EMPTY_MESSAGE),
  frame(FRAME.headers, END_HEADERS | END_STREAM, TRAILERS),
]);
const DATA_AT = FRAME_HEAD_BYTES + HEADERS.length;
const TRAILERS_AT = DATA_AT + FRAME_HEAD_BYTES + EMPTY_MESSAGE.length;

function answer(stream: number): Buffer {
  const bytes = Buffer.from(ANSWER);
  for (const at of [0, DATA_AT, TRAILERS_AT]) bytes.writeUInt32BE(stream, at + 5);
  return bytes;
}
