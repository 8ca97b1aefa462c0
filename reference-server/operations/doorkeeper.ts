import { createHash, timingSafeEqual } from 'node:crypto';
import { ServingError } from '../errors.ts';
import type { DoorCounts } from './door-counts.ts';

/** What is asked for: `open` to everybody, for callers, or for those who may change what is served. */
export type Access = 'open' | 'call' | 'admin';

type Counts = Pick<DoorCounts, 'unauthenticated' | 'forbidden'>;

/** Decides by the tokens that it knows who may ask for what: the same for every door. */
export class Doorkeeper {
  readonly #callers: readonly Buffer[];
  readonly #admins: readonly Buffer[];
  readonly #counts: Counts;

  /** Undefined: none is needed to call; nor, of `adminTokens`, another one than to call. */
  constructor(
    tokens: readonly string[] | undefined,
    adminTokens: readonly string[] | undefined,
    counts: Counts,
  ) {
    this.#callers = (tokens ?? []).map(digestOf);
    this.#admins = (adminTokens ?? []).map(digestOf);
    this.#counts = counts;
  }

  /**
   * Who it is, as a short name for this process's life; undefined where nobody has to say. Throws a ServingError:
   * `unauthenticated` without a token that is known, `forbidden` with one that is not enough.
   */
  admit(authorization: string | undefined, access: Access): string | undefined {
    const isAdminOnly = access === 'admin' && this.#admins.length > 0;
    const isNeeded = isAdminOnly || (access !== 'open' && this.#callers.length > 0);
    if (!isNeeded) return undefined;
    const who = this.#known(authorization);
    if (who === undefined) {
      this.#counts.unauthenticated++;
      throw unauthenticated(authorization);
    }
    if (isAdminOnly && !who.startsWith('admin')) {
      this.#counts.forbidden++;
      throw new ServingError('forbidden', 'this token may call, and not change what is served');
    }
    return who;
  }

  #known(authorization: string | undefined): string | undefined {
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) return undefined;
    const digest = digestOf(token);
    const admin = this.#admins.findIndex((known) => timingSafeEqual(known, digest));
    if (admin !== -1) return `admin ${admin}`;
    const caller = this.#callers.findIndex((known) => timingSafeEqual(known, digest));
    return caller === -1 ? undefined : `caller ${caller}`;
  }
}

/** Of one length, so that comparing takes the same time whatever is compared. */
function digestOf(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

function unauthenticated(authorization: string | undefined): ServingError {
  const challenge = authorization === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
  const message =
    authorization === undefined
      ? 'this server asks for a token: Authorization: Bearer <token>'
      : 'this token is not known here';
  return new ServingError('unauthenticated', message, { headers: ['WWW-Authenticate', challenge] });
}
