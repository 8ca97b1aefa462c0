import type { Address, ByteStream, ByteStreamEvents, SocketSource } from './byte-stream.ts';
import {
  AF_UNIX,
  EINPROGRESS,
  EPOLL_CTL_ADD,
  EPOLLERR,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  EVENT_ID_WORD,
  EVENT_WORDS,
  type LinuxCalls,
} from './linux-calls.ts';
import { NativeStream, type StreamOwner } from './native-stream.ts';
import { SleepTally } from './sleep-tally.ts';
import { socketAddress } from './socket-address.ts';

const READ_BUFFER_BYTES = 262_144;
const EVENTS_AT_ONCE = 64;
const TICKER_ID = 0xffff_ffff;
/** Before there is anything to pace, Node's own loop has more to do. */
const FIRST_TURN_MS = 2;
const ALL = EPOLLIN | EPOLLOUT | EPOLLRDHUP;

export interface NativeLoopOptions {
  readonly calls: LinuxCalls;
  /** Milliseconds of the monotonic clock. */
  readonly now: () => number;
  /** Node's event loop (timers, messages) gets a turn so often. */
  readonly turnMs: number;
}

/**
 * One blocking loop for sockets and for due instants. It sleeps in epoll_pwait2, with nanoseconds, until a socket has
 * something to say or something is due; no second thread, no message, no libuv in between:
 *
 *     event loop of Node  --setImmediate-->  turn of up to turnMs:  wait -> read, answer, send ... -> what is due
 *       timers, messages  <----- return ---                          ^-------------------------------------'
 *
 * A ticker among the descriptors is queued by the kernel just as an answer that arrives at that instant would be: how
 * late the loop comes to it is how late it reads answers.
 */
export class NativeLoop implements SocketSource, StreamOwner {
  readonly calls: LinuxCalls;
  readonly now: () => number;
  readonly readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly readAddress: number;
  readonly sleep = new SleepTally();
  readonly #epoll: number;
  readonly #events = new Uint32Array(EVENTS_AT_ONCE * EVENT_WORDS);
  readonly #eventsAddress: number;
  readonly #streams: (NativeStream | undefined)[] = [];
  readonly #free: number[] = [];
  /** Numbers given back during this round: events of it may still bear them. */
  #freed: number[] = [];
  #again: NativeStream[] = [];
  readonly #beforeWait: (() => void)[] = [];
  #turnMs = FIRST_TURN_MS;
  readonly #laterTurnMs: number;
  #turning = false;
  #stopped = false;
  #dueAtMs: () => number = () => Number.POSITIVE_INFINITY;
  #onDue: (nowMs: number) => void = () => {};
  #ticker = -1;
  #nextTickMs = 0;
  #tickEveryMs = 0;
  #onTick: (plannedAtMs: number, lagMs: number) => void = () => {};
  #address: Address | undefined;
  #place: Buffer | undefined;

  constructor({ calls, now, turnMs }: NativeLoopOptions) {
    this.calls = calls;
    this.now = now;
    this.#laterTurnMs = turnMs;
    this.#epoll = calls.epoll();
    this.readAddress = calls.addressOf(this.readBuffer);
    this.#eventsAddress = calls.addressOf(new Uint8Array(this.#events.buffer));
  }

  open(address: Address, events: ByteStreamEvents): ByteStream {
    const id = this.#free.pop() ?? this.#streams.length;
    const stream = new NativeStream(this, this.#connecting(address, id), id, events);
    this.#streams[id] = stream;
    if (stream.fd < 0) this.again(stream);
    this.#begin();
    return stream;
  }

  beforeWait(callback: () => void): void {
    this.#beforeWait.push(callback);
    this.#begin();
  }

  /** From now on calls `onDue` as soon as `dueAtMs()` has passed. */
  attend(dueAtMs: () => number, onDue: (nowMs: number) => void): void {
    this.#dueAtMs = dueAtMs;
    this.#onDue = onDue;
    this.#turnMs = this.#laterTurnMs;
    this.#begin();
  }

  /** Calls `onTick` for each instant of the grid, with how late that was. */
  tick(firstAtMs: number, everyMs: number, onTick: (plannedAtMs: number, lagMs: number) => void): void {
    this.#nextTickMs = firstAtMs;
    this.#tickEveryMs = everyMs;
    this.#onTick = onTick;
    this.#ticker = this.calls.ticker(firstAtMs, everyMs);
    this.calls.watch(this.#epoll, EPOLL_CTL_ADD, this.#ticker, EPOLLIN | EPOLLET, TICKER_ID);
  }

  /** Drops every socket; nothing is called any more. */
  close(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const stream of this.#streams) stream?.close();
    if (this.#ticker >= 0) this.calls.close(this.#ticker);
    this.calls.close(this.#epoll);
  }

  again(stream: NativeStream): void {
    this.#again.push(stream);
  }

  left(stream: NativeStream): void {
    this.#streams[stream.id] = undefined;
    this.#freed.push(stream.id);
  }

  /** A watched socket on its way; -1 where that failed at once. */
  #connecting(address: Address, id: number): number {
    const { calls } = this;
    const place = this.#placeOf(address);
    if (place === undefined) return -1;
    const family = place.readUInt16LE(0);
    const fd = calls.socket(family);
    if (fd < 0) return -1;
    if (family !== AF_UNIX) calls.noDelay(fd);
    const begun = calls.connect(fd, place) === 0 || calls.errno() === EINPROGRESS;
    if (begun && calls.watch(this.#epoll, EPOLL_CTL_ADD, fd, ALL + EPOLLET, id) === 0) return fd;
    calls.close(fd);
    return -1;
  }

  /** Mostly it is the same address again. */
  #placeOf(address: Address): Buffer | undefined {
    if (address !== this.#address) {
      this.#address = address;
      this.#place = socketAddress(address);
    }
    return this.#place;
  }

  #begin(): void {
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const untilMs = this.now() + this.#turnMs;
    while (!this.#stopped && this.#round(untilMs));
    if (!this.#stopped) setImmediate(this.#turn);
  };

  /** Waits once and acts upon what came; false when it is time for Node's own loop. */
  #round(untilMs: number): boolean {
    for (let last = this.#beforeWait.pop(); last !== undefined; last = this.#beforeWait.pop()) last();
    const fromMs = this.now();
    if (fromMs >= untilMs) return false;
    const untilDueMs = Math.min(this.#dueAtMs(), untilMs) - fromMs;
    const waitMs = this.#again.length > 0 ? 0 : untilDueMs;
    const count = this.calls.wait(this.#epoll, this.#eventsAddress, EVENTS_AT_ONCE, waitMs);
    const nowMs = this.now();
    this.sleep.slept(nowMs - fromMs, waitMs);
    if (this.#again.length > 0) this.#visitAgain();
    for (let event = 0; event < count; event++) this.#visit(event * EVENT_WORDS);
    if (this.#freed.length > 0) this.#recycle();
    if (this.#dueAtMs() <= nowMs) this.#onDue(this.now());
    return true;
  }

  #visit(at: number): void {
    const id = this.#events[at + EVENT_ID_WORD] ?? 0;
    if (id === TICKER_ID) this.#ticked();
    else this.#streams[id]?.visit(this.#events[at] ?? 0);
  }

  #visitAgain(): void {
    const streams = this.#again;
    this.#again = [];
    for (const stream of streams) stream.visit(ALL | EPOLLERR);
  }

  #recycle(): void {
    for (const id of this.#freed) this.#free.push(id);
    this.#freed.length = 0;
  }

  #ticked(): void {
    this.calls.receive(this.#ticker, this.readAddress, 8);
    const nowMs = this.now();
    for (; this.#nextTickMs <= nowMs; this.#nextTickMs += this.#tickEveryMs) {
      this.#onTick(this.#nextTickMs, nowMs - this.#nextTickMs);
    }
  }
}
