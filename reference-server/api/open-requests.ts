import type { Server } from 'node:http';
import type { Socket } from 'node:net';

interface Connection {
  /** One signal a connection, not one a request: HTTP/1.1 serves a connection's requests one after the other. */
  readonly gone: AbortController;
  /** Requests of it that are being served. */
  active: number;
}

/** The connections of a server, and their requests that are being served. */
export class OpenRequests {
  readonly #open = new WeakMap<Socket, Connection>();
  #connections = 0;
  #active = 0;
  #quietSinceMs = 0;

  /** `event`: that by which the server tells of a socket on which requests are then heard. */
  constructor(http: Server, event: 'connection' | 'secureConnection') {
    http.on(event, (socket: Socket) => this.#opened(socket));
    http.on('connection', (socket: Socket) => {
      this.#connections++;
      socket.on('close', () => this.#connections--);
    });
  }

  get active(): number {
    return this.#active;
  }

  /** Aborted when the connection closes. */
  signalOf(socket: Socket): AbortSignal {
    return this.#open.get(socket)?.gone.signal ?? AbortSignal.abort();
  }

  began(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection === undefined) return;
    connection.active++;
    this.#active++;
  }

  ended(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection !== undefined) this.#end(connection, 1);
  }

  /** From now on it counts how long nothing has been served. */
  watch(): void {
    this.#quietSinceMs = performance.now();
  }

  /** Nobody is connected, or nothing has been served for as long. */
  isQuiet(forMs: number): boolean {
    return this.#connections === 0 || (this.#active === 0 && performance.now() - this.#quietSinceMs >= forMs);
  }

  #opened(socket: Socket): void {
    const connection = { gone: new AbortController(), active: 0 };
    this.#open.set(socket, connection);
    socket.on('close', () => {
      // Of requests that are answered in turn only the first is told when their connection is gone.
      this.#end(connection, connection.active);
      connection.gone.abort();
    });
  }

  #end(connection: Connection, count: number): void {
    if (connection.gone.signal.aborted) return;
    connection.active -= count;
    this.#active -= count;
    this.#quietSinceMs = performance.now();
  }
}
