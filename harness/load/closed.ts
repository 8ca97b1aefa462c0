/** Slots of generator `index` out of `of`: global slots index, index + of, … below `inFlight`. */
export function slotsOf(inFlight: number, index: number, of: number): number {
  return Math.max(0, Math.ceil((inFlight - index) / of));
}

/** Payload of the k-th request of a global slot: no two (slot, k) share one, whatever the order they finish in. */
export function payloadOf(slot: number, k: number, inFlight: number): number {
  return k * inFlight + slot;
}

/**
 * How many slots are at work. The first half of the warm-up climbs 1, 2, 4 … so that a server forms the smaller
 * batches too; the second half runs at the measured concurrency.
 *
 *   slots n |          ________________
 *           |      ___|        |
 *         1 |_____|            |
 *           0        warm-up   |  measure
 */
export function slotsAtWork(sinceStartMs: number, warmupMs: number, slots: number): number {
  const climbMs = warmupMs / 2;
  if (sinceStartMs >= climbMs) return slots;
  const steps = Math.ceil(Math.log2(Math.max(1, slots)));
  const step = Math.floor((Math.max(0, sinceStartMs) / climbMs) * (steps + 1));
  return Math.min(slots, 2 ** step);
}
