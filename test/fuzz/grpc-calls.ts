import type { Fate } from './fate.ts';

/** A call on its stream. */
export interface OpenCall {
  readonly slot: number;
  readonly stream: number;
  /** Bytes that it may still send. */
  window: number;
  /** Undefined until the head has come. */
  httpStatus: number | undefined;
  grpcStatus: number | undefined;
  /** All DATA so far. */
  data: Buffer;
}

/** `disowned`: the server says that it did nothing. `lost`: the stream or the connection broke. */
export type Failure = 'malformed' | 'disowned' | 'lost';

/** gRPC's http-grpc-status-mapping; what it does not name is unknown. */
const STATUS_OF_HTTP: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const UNKNOWN = 2;
const MOST_WINDOW = 2 ** 31 - 1;
/** The request: an empty message and its prefix. */
const REQUEST_BYTES = 5;
const PREFIX_BYTES = 5;
const ATTEMPTS = 3;

/** The calls of a connection, on their streams or waiting for one. */
export class GrpcCalls {
  readonly fates: Fate[];
  readonly open = new Map<number, OpenCall>();
  /** Of the connection. */
  window = 65_535;
  isReady = false;
  /** It matters when our own bytes leave: part of a request waits for room, or one has perhaps not left a broken connection. */
  hangsOnTime = false;
  settings = { concurrent: Number.POSITIVE_INFINITY, window: 65_535 };
  readonly #waiting: number[];
  readonly #attempts: number[];
  #isLeaving = false;
  #nextStream = 1;

  constructor(count: number) {
    this.#waiting = Array.from({ length: count }, (_, slot) => slot);
    this.#attempts = this.#waiting.map(() => 1);
    this.fates = this.#waiting.map(() => ({
      outcome: undefined,
      status: 0,
      body: '',
      messages: 0,
      connection: 0,
    }));
  }

  hasOpened(stream: number): boolean {
    return stream % 2 === 1 && stream < this.#nextStream;
  }

  /** False when it becomes too large for one that is open. */
  setWindow(bytes: number): boolean {
    for (const call of this.open.values()) call.window += bytes - this.settings.window;
    this.settings = { ...this.settings, window: bytes };
    return [...this.open.values()].every(({ window }) => window <= MOST_WINDOW);
  }

  setConcurrent(concurrent: number): void {
    this.settings = { ...this.settings, concurrent };
    this.isReady = true;
    this.#serve();
  }

  takesNoMore(lastStream: number): void {
    this.#isLeaving = true;
    for (const call of [...this.open.values()]) if (call.stream > lastStream) this.fails(call, 'disowned');
  }

  /** DATA of a call that has its head; one that is gone does not listen. */
  hears(call: OpenCall | undefined, bytes: Buffer): void {
    if (call === undefined || !this.open.has(call.stream) || call.httpStatus !== 200) return;
    call.data = Buffer.concat([call.data, bytes]);
    const { body, messages, isCompressed } = messagesIn(call.data);
    Object.assign(this.#fate(call), { body, messages });
    if (isCompressed) this.fails(call, 'malformed');
  }

  ends(call: OpenCall | undefined): void {
    if (call === undefined || !this.open.delete(call.stream)) return;
    const fate = this.#fate(call);
    const status = call.grpcStatus ?? statusOfHttp(call.httpStatus ?? 0);
    if (status !== undefined && status > 0) fate.outcome = 'complete';
    else if (messagesIn(call.data).isCutOff) fate.outcome = 'truncated';
    else fate.outcome = status === 0 && fate.messages === 1 ? 'complete' : 'malformed';
    if (fate.outcome === 'complete') fate.status = status ?? 0;
    this.#serve();
  }

  /** An answer that has begun cannot be disowned. */
  fails(call: OpenCall | undefined, how: Failure): void {
    if (call === undefined || !this.open.delete(call.stream)) return;
    this.#serve();
    if (how === 'malformed') this.#fate(call).outcome = 'malformed';
    else if (call.httpStatus !== undefined) this.#fate(call).outcome = 'truncated';
    else if (how === 'disowned') this.#again(call.slot);
    else this.#fate(call).outcome = 'reset';
  }

  connectionEnds(how: 'malformed' | 'lost'): void {
    this.#isLeaving = true;
    for (const call of [...this.open.values()]) {
      if (how === 'malformed' && (this.#attempts[call.slot] ?? 0) > 1) this.hangsOnTime = true;
      this.fails(call, how);
    }
    for (const slot of this.#waiting.splice(0)) this.#end(slot, 'connect-error');
  }

  #again(slot: number): void {
    const attempts = (this.#attempts[slot] ?? 0) + 1;
    this.#attempts[slot] = attempts;
    if (attempts > ATTEMPTS) this.#end(slot, 'reset');
    else this.#waiting.push(slot);
    this.#serve();
  }

  #serve(): void {
    while (this.isReady && !this.#isLeaving && this.open.size < this.settings.concurrent) {
      const slot = this.#waiting.shift();
      if (slot === undefined) return;
      const stream = this.#nextStream;
      this.#nextStream += 2;
      if (Math.min(this.window, this.settings.window) < REQUEST_BYTES) this.hangsOnTime = true;
      this.window -= REQUEST_BYTES;
      const window = this.settings.window - REQUEST_BYTES;
      const nothing = { httpStatus: undefined, grpcStatus: undefined, data: Buffer.alloc(0) };
      this.open.set(stream, { slot, stream, window, ...nothing });
    }
  }

  #end(slot: number, outcome: string): void {
    const fate = this.fates[slot];
    if (fate !== undefined) fate.outcome = outcome;
  }

  #fate({ slot }: OpenCall): Fate {
    const fate = this.fates[slot];
    if (fate === undefined) throw new RangeError(`there is no call ${slot}`);
    return fate;
  }
}

function statusOfHttp(httpStatus: number): number | undefined {
  return httpStatus === 200 ? undefined : (STATUS_OF_HTTP[httpStatus] ?? UNKNOWN);
}

/** Messages with their prefix: whether it is compressed, and the length. */
function messagesIn(data: Buffer): {
  body: string;
  messages: number;
  isCutOff: boolean;
  isCompressed: boolean;
} {
  let body = '';
  let messages = 0;
  for (let at = 0; at < data.length; messages++) {
    if (data[at] !== 0) return { body, messages, isCutOff: false, isCompressed: true };
    if (at + PREFIX_BYTES > data.length) return { body, messages, isCutOff: true, isCompressed: false };
    const from = at + PREFIX_BYTES;
    const to = from + data.readUInt32BE(at + 1);
    body += data.toString('latin1', from, Math.min(to, data.length));
    if (to > data.length) return { body, messages, isCutOff: true, isCompressed: false };
    at = to;
  }
  return { body, messages, isCutOff: false, isCompressed: false };
}
