import type { BytePieces } from './byte-pieces.ts';
import type { ByteStream, ByteStreamEvents } from './byte-stream.ts';
import {
  EAGAIN,
  EINTR,
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  type LinuxCalls,
  MSG_MORE,
  MSG_NOSIGNAL,
} from './linux-calls.ts';
import { SendVector } from './send-vector.ts';

/** What a stream needs of the loop that owns it. */
export interface StreamOwner {
  readonly calls: LinuxCalls;
  readonly now: () => number;
  readonly readBuffer: Buffer;
  readonly readAddress: number;
  /** Visit this stream again in the next turn, whatever the kernel says. */
  again(stream: NativeStream): void;
  /** It has closed; its number may be given to another. */
  left(stream: NativeStream): void;
}

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;
const NOTHING = Buffer.alloc(0);
const ENDED = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/** One non-blocking socket, told by its loop what the kernel has to say (edge-triggered). */
export class NativeStream implements ByteStream {
  readonly fd: number;
  readonly id: number;
  readonly #owner: StreamOwner;
  readonly #events: ByteStreamEvents;
  #state = CONNECTING;
  /** The buffer handed over last, and where it lies: mostly it is the same one again. */
  #buffer: Buffer = NOTHING;
  #address = 0;
  /** Addresses of what waits to be taken. */
  #waitingFrom = 0;
  #waitingTo = 0;
  /** The same for what lies in several places. */
  #vector: SendVector | undefined;

  constructor(owner: StreamOwner, fd: number, id: number, events: ByteStreamEvents) {
    this.#owner = owner;
    this.fd = fd;
    this.id = id;
    this.#events = events;
  }

  write(bytes: Buffer, from: number, to: number, more = false): boolean {
    if (bytes !== this.#buffer) {
      this.#buffer = bytes;
      this.#address = this.#owner.calls.addressOf(bytes);
    }
    const flags = more ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
    const sent = this.#owner.calls.send(this.fd, this.#address + from, to - from, flags);
    if (sent === to - from) return true;
    this.#waitingFrom = this.#address + from;
    this.#waitingTo = this.#address + to;
    if (sent >= 0) this.#waitingFrom += sent;
    else if (this.#owner.calls.errno() !== EAGAIN) this.#owner.again(this);
    return false;
  }

  writeAll(pieces: BytePieces): boolean {
    this.#vector ??= new SendVector(this.#owner.calls.addressOf);
    this.#vector.fill(pieces);
    const sent = this.#sendVector(this.#vector);
    if (sent < 0 && this.#owner.calls.errno() !== EAGAIN) this.#owner.again(this);
    return this.#vector.isEmpty;
  }

  close(): void {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#buffer = NOTHING;
    this.#vector?.clear();
    if (this.fd >= 0) this.#owner.calls.close(this.fd);
    this.#owner.left(this);
  }

  /** Acts upon an event of the kernel's, or upon a visit that was asked for (`ready`: what may be tried). */
  visit(ready: number): void {
    if (this.#state === CONNECTING && (ready & (EPOLLOUT | ENDED)) !== 0) this.#connected(ready);
    if (this.#state === OPEN && (ready & (EPOLLIN | ENDED)) !== 0) this.#receive((ready & ENDED) !== 0);
    if ((ready & EPOLLOUT) !== 0 && this.#isWaiting) this.#drain();
  }

  /** An attempt that failed shows as an error or as hung up; where there is neither, there is nothing to ask. */
  #connected(ready: number): void {
    const isDoubtful = (ready & (EPOLLERR | EPOLLHUP)) !== 0;
    if (isDoubtful && (this.fd < 0 || this.#owner.calls.socketError(this.fd) !== 0)) {
      this.#end('broken');
      return;
    }
    this.#state = OPEN;
    this.#events.connected();
  }

  /** Until a read takes less than there is room for; on to the very end once the peer has closed. */
  #receive(toTheEnd: boolean): void {
    const { calls, readBuffer, readAddress, now } = this.#owner;
    while (this.#state === OPEN) {
      const bytes = calls.receive(this.fd, readAddress, readBuffer.length);
      if (bytes > 0) {
        this.#events.read(readBuffer, 0, bytes, now());
        if (bytes < readBuffer.length && !toTheEnd) return;
        if (bytes === readBuffer.length) {
          // The others first.
          this.#owner.again(this);
          return;
        }
      } else if (bytes === 0) this.#end('orderly');
      else {
        const errno = calls.errno();
        if (errno === EAGAIN) return;
        if (errno !== EINTR) this.#end('broken');
      }
    }
  }

  #drain(): void {
    if (this.#state !== OPEN) return;
    const vector = this.#vector;
    const sent = vector === undefined || vector.isEmpty ? this.#sendWaiting() : this.#sendVector(vector);
    // Why it broke is told by reading, which the event for that asks for.
    if (sent < 0 && this.#owner.calls.errno() === EINTR) this.#owner.again(this);
    if (!this.#isWaiting) this.#events.drained();
  }

  get #isWaiting(): boolean {
    return this.#waitingFrom < this.#waitingTo || this.#vector?.isEmpty === false;
  }

  #sendWaiting(): number {
    const bytes = this.#waitingTo - this.#waitingFrom;
    const sent = this.#owner.calls.send(this.fd, this.#waitingFrom, bytes, MSG_NOSIGNAL);
    if (sent > 0) this.#waitingFrom += sent;
    return sent;
  }

  #sendVector(vector: SendVector): number {
    const sent = this.#owner.calls.sendAll(this.fd, vector.address, MSG_NOSIGNAL);
    if (sent > 0) vector.took(sent);
    return sent;
  }

  #end(how: 'orderly' | 'broken'): void {
    this.close();
    this.#events.closed(how);
  }
}
