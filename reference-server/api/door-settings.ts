import type { TlsMaterial } from '../operations/credentials.ts';
import { type DoorCounts, newDoorCounts } from '../operations/door-counts.ts';
import { type LimitSettings, limits } from '../operations/operation-settings.ts';

/** What a door's connections go by. */
export interface DoorSettings {
  /** Undefined: no TLS is spoken. */
  readonly tls: TlsOptions | undefined;
  readonly limits: LimitSettings;
  readonly counts: DoorCounts;
}

const MOST_CHECK_MS = 1000;

/** How often callers that are too slow are looked for: nobody has more than half as long again as he may. */
export function checkEveryMs({ headersMs, requestMs, answerMs }: LimitSettings): number {
  return Math.min(MOST_CHECK_MS, Math.ceil(Math.min(headersMs, requestMs, answerMs) / 2));
}

/** Without TLS, and with the limits that a server has by default. */
export function plainDoor(): DoorSettings {
  return { tls: undefined, limits: limits.parse({}), counts: newDoorCounts() };
}

/** As Node's TLS servers take it. */
export interface TlsOptions extends TlsMaterial {
  readonly minVersion: 'TLSv1.2';
  /** Whether a caller must show a certificate. */
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

export function tlsOptions(material: TlsMaterial): TlsOptions {
  const asksForOne = material.ca !== undefined;
  return { ...material, minVersion: 'TLSv1.2', requestCert: asksForOne, rejectUnauthorized: asksForOne };
}
