import { gunzipSync, inflateSync } from 'node:zlib';
import { ServingError } from '../errors.ts';
import { type Compression, uncompressible } from './compression.ts';

/** What a call's messages may be compressed by; ours never are. */
export const ACCEPTED_ENCODINGS = 'identity, gzip, deflate';

const UNPACK = { gzip: gunzipSync, deflate: inflateSync };

/** Takes a compressed message of a call whose `grpc-encoding` is that; throws a ServingError where it cannot. */
export function decompressed(message: Buffer, encoding: string | undefined, limitBytes: number): Buffer {
  if (encoding === undefined || !Object.hasOwn(UNPACK, encoding)) throw unknownEncoding(encoding);
  const compression = encoding as Compression;
  try {
    return UNPACK[compression](message, { maxOutputLength: limitBytes });
  } catch (error) {
    throw uncompressible(error, 'the message', compression, limitBytes);
  }
}

function unknownEncoding(encoding: string | undefined): ServingError {
  const found = encoding === undefined ? 'no grpc-encoding' : `grpc-encoding '${encoding.slice(0, 40)}'`;
  return new ServingError(
    'unsupported',
    `a compressed message with ${found}; accepted: ${ACCEPTED_ENCODINGS}`,
  );
}
