import type { BytePieces } from './byte-pieces.ts';

/**
 * A socket as the protocol engines see it, whichever way it is driven: by node:net, node:tls, or the system's own calls.
 * Nothing here is a promise, and nothing is allocated per read or write.
 */
export interface ByteStream {
  /**
   * Hands bytes over now. True: all were taken and the buffer may be rewritten at once. False: some wait; the buffer
   * must stay unchanged until `drained`, and nothing may be written before. `more`: another write follows at once, so
   * the bytes may wait for it to share a packet.
   */
  write(bytes: Buffer, from: number, to: number, more?: boolean): boolean;
  /** The same for bytes in several places, in order. The list itself may be rewritten at once, what it names may not. */
  writeAll(pieces: BytePieces): boolean;
  /** Drops the socket at once; no event follows. Harmless after `closed`. */
  close(): void;
}

/** What becomes of a socket; none of it before `open` has returned. After `closed` nothing follows. */
export interface ByteStreamEvents {
  /** Open, the TLS handshake included. Before it nothing may be written. */
  connected(): void;
  /** Bytes from..to of a buffer that is only valid during the call. `atMs`: when they were read. */
  read(buffer: Buffer, from: number, to: number, atMs: number): void;
  /** What waited has been taken. */
  drained(): void;
  /** `orderly`: the peer ended it (FIN). `broken`: anything else, a connection that was refused included. */
  closed(how: 'orderly' | 'broken'): void;
}

export type Address = TcpAddress | UnixAddress;

/** `host` is an address; a name is looked up for every socket, so look it up before. */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** A Unix domain socket in the file system. */
export interface UnixAddress {
  readonly path: string;
}

/** How a connection is secured; PEM texts. */
export interface TlsSettings {
  /** Who is asked for, and whose name the certificate must bear; undefined for an address without a name. */
  readonly serverName?: string;
  /** Authorities to trust instead of the well-known ones. */
  readonly ca?: string;
  /** Our own certificate and its key, where the server wants one. */
  readonly cert?: string;
  readonly key?: string;
  /** Any certificate will do. */
  readonly insecure?: boolean;
  /** What to speak, best first: `h2`. */
  readonly alpn?: readonly string[];
}

/** Opens sockets. One a generator thread. */
export interface SocketSource {
  open(address: Address, events: ByteStreamEvents): ByteStream;
  /** Calls back once before this thread waits for anything again: what several events gathered can be written at once. */
  beforeWait(callback: () => void): void;
}
