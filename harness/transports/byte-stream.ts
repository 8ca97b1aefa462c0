/**
 * A socket as the protocol engines see it, whichever way it is driven: by node:net, node:tls, or the system's own calls.
 * Nothing here is a promise, and nothing is allocated per read or write.
 */
export interface ByteStream {
  /**
   * Hands bytes over now. True: all were taken and the buffer may be rewritten at once. False: some wait; the buffer
   * must stay unchanged until `drained`, and nothing may be written before.
   */
  write(bytes: Buffer, from: number, to: number): boolean;
  /** Drops the socket at once; no event follows. */
  close(): void;
}

/** What becomes of a socket. After `closed` nothing follows. */
export interface ByteStreamEvents {
  connected(): void;
  /** Bytes from..to of a buffer that is only valid during the call. `atMs`: when they were read. */
  read(buffer: Buffer, from: number, to: number, atMs: number): void;
  /** What waited has been taken. */
  drained(): void;
  /** `orderly`: the peer ended it (FIN). `broken`: anything else, a connection that was refused included. */
  closed(how: 'orderly' | 'broken'): void;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Opens sockets. One a generator thread. */
export interface SocketSource {
  open(address: Address, events: ByteStreamEvents): ByteStream;
}
