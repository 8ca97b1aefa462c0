import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Reads answers from a socket, each by its length. */
class Answers {
  readonly #socket: Socket;
  #bytes = Buffer.alloc(0);
  #closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (more: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, more]);
      socket.emit('more');
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#closed = true;
      socket.emit('more');
    });
  }

  /** The next; undefined where the connection ended before it. */
  async next(): Promise<Answer | undefined> {
    for (;;) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      const [line = '', ...lines] = this.#bytes.toString('latin1', 0, end).split('\r\n');
      const headers = Object.fromEntries(lines.map((one) => one.toLowerCase().split(': ', 2)));
      const bodyEnd = end + 4 + Number(headers['content-length']);
      if (end !== -1 && this.#bytes.length >= bodyEnd) {
        const body = this.#bytes.toString('latin1', end + 4, bodyEnd);
        this.#bytes = this.#bytes.subarray(bodyEnd);
        return { status: Number(line.split(' ')[1]), headers, body };
      }
      if (this.#closed) return undefined;
      await once(this.#socket, 'more');
    }
  }
}

/** A connection to a server in this process or another, and what comes back on it. */
export async function open(port: number) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return { socket, answers: new Answers(socket) };
}
