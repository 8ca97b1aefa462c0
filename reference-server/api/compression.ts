import { invalid, ServingError } from '../errors.ts';

/** By the names of HTTP and of gRPC; deflate is the format of zlib. */
export type Compression = 'gzip' | 'deflate';

/** Why zlib gave no bytes: there were too many, or they are not what they are said to be. */
export function uncompressible(
  error: unknown,
  what: string,
  compression: Compression,
  limitBytes: number,
): ServingError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_BUFFER_TOO_LARGE') return invalid(`${what} is not ${compression}: ${message}`);
  return new ServingError('too-large', `${what} has more than the ${limitBytes} bytes that are allowed`);
}
