import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';
import type { BytePieces } from './byte-pieces.ts';
import type { Address, ByteStream, ByteStreamEvents, SocketSource, TlsSettings } from './byte-stream.ts';

const READ_BUFFER_BYTES = 262_144;

/**
 * Sockets over node:net and node:tls, on every platform. All of them read into one buffer: bytes are consumed before
 * the next read.
 */
export class NodeSockets implements SocketSource {
  readonly #now: () => number;
  readonly #tls: TlsSettings | undefined;
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

  constructor(now: () => number, tls?: TlsSettings) {
    this.#now = now;
    this.#tls = tls;
  }

  open(address: Address, events: ByteStreamEvents): ByteStream {
    return new NodeStream(address, this.#tls, events, this.#readBuffer, this.#now);
  }

  beforeWait(callback: () => void): void {
    process.nextTick(callback);
  }
}

class NodeStream implements ByteStream {
  readonly #socket: Socket;
  readonly #events: ByteStreamEvents;
  readonly #now: () => number;
  readonly #onWritten = (): void => this.#written();
  #waiting = false;
  #closed = false;

  constructor(
    address: Address,
    tls: TlsSettings | undefined,
    events: ByteStreamEvents,
    readBuffer: Buffer,
    now: () => number,
  ) {
    this.#events = events;
    this.#now = now;
    const callback = (bytes: number): boolean => this.#read(readBuffer, bytes);
    const options = { ...address, noDelay: true, onread: { buffer: readBuffer, callback } };
    this.#socket =
      tls === undefined ? connectPlain(options) : connectSecure({ ...options, ...tlsOptions(tls) });
    this.#socket.on(tls === undefined ? 'connect' : 'secureConnect', () => {
      if (!this.#closed) events.connected();
    });
    this.#socket.on('end', () => this.#ended('orderly'));
    this.#socket.on('error', () => this.#ended('broken'));
    this.#socket.on('close', () => this.#ended('broken'));
  }

  write(bytes: Buffer, from: number, to: number): boolean {
    const whole = from === 0 && to === bytes.length;
    this.#socket.write(whole ? bytes : bytes.subarray(from, to), this.#onWritten);
    this.#waiting = this.#socket.writableLength > 0;
    return !this.#waiting;
  }

  writeAll(pieces: BytePieces): boolean {
    const last = pieces.count - 1;
    this.#socket.cork();
    pieces.forEach((buffer, from, to, index) => {
      this.#socket.write(buffer.subarray(from, to), index === last ? this.#onWritten : undefined);
    });
    this.#socket.uncork();
    this.#waiting = this.#socket.writableLength > 0;
    return !this.#waiting;
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
  }

  #read(buffer: Buffer, bytes: number): boolean {
    if (!this.#closed) this.#events.read(buffer, 0, bytes, this.#now());
    return !this.#closed;
  }

  #written(): void {
    if (!this.#waiting || this.#closed || this.#socket.writableLength > 0) return;
    this.#waiting = false;
    this.#events.drained();
  }

  #ended(how: 'orderly' | 'broken'): void {
    if (this.#closed) return;
    this.close();
    this.#events.closed(how);
  }
}

function tlsOptions({ serverName, ca, cert, key, insecure, alpn }: TlsSettings) {
  return {
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    rejectUnauthorized: insecure !== true,
  };
}
