import { connect, type Socket } from 'node:net';
import { AnswerReader, type AnswerSink } from './answer-reader.ts';

/** Up to this size head and body are one piece: copying it costs less than writing two. */
const ONE_PIECE_BYTES = 64 * 1024;

/** Of one request on a connection. */
export interface ExchangeSink extends AnswerSink {
  /** It ended before the answer; `connected`: after it had opened, so the request may have been served. */
  broken(connected: boolean): void;
}

/** The connections to one replica that stay open, for one request at a time each. */
export class ReplicaConnections {
  readonly #host: string;
  readonly #port: number;
  readonly #idle: ReplicaConnection[] = [];
  #closed = false;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** The one that was used last, or a new one. */
  take(): ReplicaConnection {
    return this.#idle.pop() ?? new ReplicaConnection(connect(this.#port, this.#host), this);
  }

  giveBack(connection: ReplicaConnection): void {
    if (this.#closed) connection.destroy();
    else this.#idle.push(connection);
  }

  forget(connection: ReplicaConnection): void {
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  /** Those in use end with their requests. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) connection.destroy();
  }
}

export class ReplicaConnection {
  readonly #socket: Socket;
  readonly #pool: ReplicaConnections;
  #connected = false;
  #reader: AnswerReader | undefined;
  #sink: ExchangeSink | undefined;

  constructor(socket: Socket, pool: ReplicaConnections) {
    this.#socket = socket;
    this.#pool = pool;
    socket.setNoDelay(true);
    socket.on('connect', () => {
      this.#connected = true;
    });
    socket.on('data', (piece) => {
      if (this.#reader === undefined) this.destroy();
      else this.#reader.push(piece);
    });
    socket.on('end', () => {
      pool.forget(this);
      this.#reader?.closed();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#ended());
  }

  /** Sends one request and tells the sink what becomes of it. */
  exchange(head: string, body: Buffer, toHead: boolean, sink: ExchangeSink): void {
    this.#sink = sink;
    this.#reader = new AnswerReader(
      {
        head: (status, message, headers) => sink.head(status, message, headers),
        data: (piece, last) => sink.data(piece, last),
        malformed: () => this.destroy(),
        end: (keepsOpen) => {
          this.#finish(keepsOpen);
          sink.end(keepsOpen);
        },
      },
      toHead,
    );
    if (body.length > ONE_PIECE_BYTES) {
      this.#socket.write(head, 'latin1');
      this.#socket.write(body);
    } else {
      this.#socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]));
    }
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #finish(keepsOpen: boolean): void {
    this.#reader = undefined;
    this.#sink = undefined;
    if (keepsOpen) this.#pool.giveBack(this);
    else this.destroy();
  }

  #ended(): void {
    this.#pool.forget(this);
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.broken(this.#connected);
  }
}
