import type { IncomingMessage, ServerResponse } from 'node:http';
import { endToEnd } from './connection-headers.ts';
import type { Replica } from './replica-table.ts';

/** What became of a request that was given to a replica. */
export type ForwardOutcome =
  /** The whole answer went on to the client. */
  | 'answered'
  /** No connection: nothing was sent, so another replica may get it. */
  | 'unreached'
  /** The connection broke after it had opened: the request may have been served, so it is not sent again. */
  | 'failed'
  /** The client went away. */
  | 'cancelled';

/**
 * Sends a request with its whole body to a replica and its answer on to the client, head and body as they come. Never
 * rejects. `unreached`, and `failed` before the answer's head, leave the response untouched.
 */
export function forward(
  asked: IncomingMessage,
  body: Buffer,
  replica: Replica,
  response: ServerResponse,
): Promise<ForwardOutcome> {
  return new Promise((resolve) => {
    if (response.closed) return resolve('cancelled');
    const connection = replica.connections.take();
    const gone = (): void => {
      settle('cancelled');
      connection.destroy();
    };
    const settle = (outcome: ForwardOutcome): void => {
      response.off('close', gone);
      resolve(outcome);
    };
    response.on('close', gone);
    connection.exchange(headOf(asked, body), body, asked.method === 'HEAD', {
      head: (status, message, headers) => response.writeHead(status, message, headers),
      data(piece, last) {
        if (last) return void response.end(piece);
        if (response.write(piece)) return;
        connection.pause();
        response.once('drain', () => connection.resume());
      },
      end() {
        settle('answered');
        if (!response.writableEnded) response.end();
      },
      malformed() {},
      broken(connected) {
        settle(connected ? 'failed' : 'unreached');
        // The client must not take what it has for the whole.
        if (response.headersSent) response.destroy();
      },
    });
  });
}

/** The body has been read, so its length is known. */
function headOf({ method = 'GET', url = '/', rawHeaders }: IncomingMessage, body: Buffer): string {
  const headers = endToEnd(rawHeaders, 'content-length');
  let head = `${method} ${url} HTTP/1.1\r\n`;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  }
  if (body.byteLength > 0 || method === 'POST') head += `Content-Length: ${body.byteLength}\r\n`;
  return `${head}\r\n`;
}
