/**
 * Why a door let somebody not in, or out: no token that is known; a token that is not enough; too many requests of one
 * caller, or of all; too many connections; headers too large; headers, a handshake or a request that did not arrive in
 * time; an answer that was not read in time.
 */
export const REFUSALS = [
  'unauthenticated',
  'forbidden',
  'too-many-of-caller',
  'too-many',
  'connections',
  'headers',
  'slow-request',
  'slow-reader',
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Of all doors together, since the server's start. */
export type DoorCounts = Record<Refusal, number>;

export function newDoorCounts(): DoorCounts {
  return Object.fromEntries(REFUSALS.map((refusal) => [refusal, 0])) as DoorCounts;
}
