import { gunzipSync, inflateSync } from 'node:zlib';
import { invalid, ServingError } from '../errors.ts';

/** What a call's messages may be compressed by; ours never are. */
export const ACCEPTED_ENCODINGS = 'identity, gzip, deflate';

/** Takes a compressed message of a call whose `grpc-encoding` is that; throws a ServingError where it cannot. */
export function decompressed(message: Buffer, encoding: string | undefined, limitBytes: number): Buffer {
  try {
    if (encoding === 'gzip') return gunzipSync(message, { maxOutputLength: limitBytes });
    if (encoding === 'deflate') return inflateSync(message, { maxOutputLength: limitBytes });
  } catch (error) {
    const { code, message: words } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_BUFFER_TOO_LARGE') throw invalid(`the message is not ${encoding}: ${words}`);
    const found = `the message has more than the ${limitBytes} bytes that are allowed`;
    throw new ServingError('too-large', found);
  }
  const found = encoding === undefined ? 'no grpc-encoding' : `grpc-encoding '${encoding.slice(0, 40)}'`;
  throw new ServingError(
    'unsupported',
    `a compressed message with ${found}; accepted: ${ACCEPTED_ENCODINGS}`,
  );
}
