import type { IncomingMessage } from 'node:http';
import { ServingError } from '../errors.ts';
import { codingOf, unpacked } from './content-encoding.ts';

/** The whole body, unpacked where it is compressed; the limit holds before and after. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const coding = codingOf(request.headers['content-encoding']);
  const body = await receivedBody(request, limitBytes);
  return coding === undefined ? body : unpacked(body, coding, limitBytes);
}

/**
 * The bytes as they came. A body in one piece is handed on without a copy, one of known length is copied once. Beyond
 * the limit the answer is a `too-large` ServingError at once; the rest is read and thrown away, because a connection
 * closed in the middle of an upload would lose that answer.
 */
function receivedBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? Number.NaN);
    const chunks: Buffer[] = [];
    let received = 0;
    const refuse = (found: number | 'more') => {
      request.removeAllListeners('data').resume();
      reject(tooLarge(found, limitBytes));
    };
    if (announced > limitBytes) return refuse(announced);
    request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.byteLength;
      if (received > limitBytes) refuse('more');
    });
    request.on('end', () =>
      resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, received)),
    );
    request.on('error', () => reject(new ServingError('cancelled', 'the caller closed the connection')));
  });
}

export function tooLarge(found: number | 'more', limitBytes: number): ServingError {
  return new ServingError('too-large', `the body has ${found} bytes, at most ${limitBytes} are allowed`);
}
