import { promisify } from 'node:util';
import { constants, deflate, gunzip, gzip, inflate } from 'node:zlib';
import { ServingError } from '../errors.ts';
import { type Compression, uncompressible } from './compression.ts';
import type { Reply } from './reply.ts';

/** What a request's body may be compressed by; by preference, since an answer goes by the first of equals. */
const CODINGS: readonly Compression[] = ['gzip', 'deflate'];

const UNPACK = { gzip: promisify(gunzip), deflate: promisify(inflate) };
const PACK = { gzip: promisify(gzip), deflate: promisify(deflate) };

/** Of a `Content-Encoding`; undefined: the body is as it is. Throws an `unsupported` ServingError. */
export function codingOf(header: string | undefined): Compression | undefined {
  const name = header?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return undefined;
  const coding = CODINGS.find((known) => known === name);
  if (coding !== undefined) return coding;
  const accepted = CODINGS.join(', ');
  throw new ServingError(
    'unsupported',
    `Content-Encoding '${name.slice(0, 40)}' is not supported, only ${accepted}`,
    { headers: ['Accept-Encoding', accepted] },
  );
}

/** The body that was compressed; a `too-large` ServingError as soon as it is beyond the limit. */
export async function unpacked(body: Buffer, coding: Compression, limitBytes: number): Promise<Buffer> {
  // Requests that need no body may have none, whatever its header says.
  if (body.byteLength === 0) return body;
  try {
    return await UNPACK[coding](body, { maxOutputLength: limitBytes });
  } catch (error) {
    throw uncompressible(error, 'the body', coding, limitBytes);
  }
}

/** Shorter answers fit into one packet as they are, where their caller takes them so. */
const WORTH_IT_BYTES = 1024;

/**
 * A reply in the coding that its caller prefers. Fast rather than small: an answer of floats hardly shrinks, and its
 * caller waits.
 */
export async function packed(reply: Reply, acceptEncoding: string): Promise<Reply> {
  const { coding, mayBePlain } = preferredCoding(acceptEncoding);
  if (coding === undefined || (mayBePlain && reply.body.byteLength < WORTH_IT_BYTES)) return reply;
  const body = await PACK[coding](reply.body, { level: constants.Z_BEST_SPEED });
  const headers = [...(reply.headers ?? []), 'Content-Encoding', coding, 'Vary', 'Accept-Encoding'];
  return { ...reply, body, headers };
}

interface Preference {
  /** Undefined: as it is. */
  readonly coding: Compression | undefined;
  /** Whether the caller takes an answer as it is as well. */
  readonly mayBePlain: boolean;
}

/** Reads an `Accept-Encoding` with its weights (RFC 9110, 12.5.3). Of equal weights a compressed answer is preferred. */
export function preferredCoding(header: string): Preference {
  const weights = new Map<string, number>();
  for (const choice of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = choice.split(';').map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(name, weight === undefined ? 1 : Number(weight) || 0);
  }
  const others = weights.get('*');
  const plain = weights.get('identity') ?? others ?? LEAST;
  let coding: Compression | undefined;
  let best = 0;
  for (const name of CODINGS) {
    const weight = weights.get(name) ?? others ?? 0;
    if (weight > best && weight >= plain) [coding, best] = [name, weight];
  }
  return { coding, mayBePlain: plain > 0 };
}

/** Who does not name `identity` takes it, and everything that is named rather. */
const LEAST = Number.MIN_VALUE;
