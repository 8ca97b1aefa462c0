import type { Random } from '../../harness/load/random.ts';
import { expectFates, type Fate } from './fate.ts';
import { below, byteByByte, type Cutting, inPieces, UNCUT } from './mutations.ts';
import { type MakeTransport, TransportProbe } from './transport-probe.ts';

/** A request without headers or body. */
export const NO_TEMPLATE = {
  method: 'GET',
  path: '/',
  headers: [],
  own: Buffer.alloc(0),
  shared: Buffer.alloc(0),
  stamp() {},
} as const;

/**
 * Plays the same bytes to one transport uncut, and byte by byte or in pieces, in either order: every request must fare as
 * expected each time, or anyhow but once where nothing is expected. At times another transport is closed in the middle of
 * it, and must fall silent.
 */
export function expectHoweverCut(
  random: Random,
  expected: readonly Fate[] | undefined,
  make: MakeTransport,
  play: (probe: TransportProbe, cutting: Cutting) => void,
): void {
  const cut =
    random() < 0.5 ? (['byte by byte', byteByByte()] as const) : (['in pieces', inPieces(random)] as const);
  const ways = [['uncut', UNCUT] as const, cut];
  inProbe(make, (probe) => {
    for (const [how, cutting] of random() < 0.5 ? ways : ways.reverse()) {
      probe.reset();
      play(probe, cutting);
      if (expected !== undefined) expectFates(expected, probe.fates, how);
    }
  });
  if (random() >= CLOSED_WITHIN) return;
  inProbe(make, (probe) => {
    probe.closeWithin(1 + below(random, EVENTS));
    play(probe, inPieces(random));
  });
}

/** How many cases are played once more, to be closed within one of so many events. */
const CLOSED_WITHIN = 0.1;
const EVENTS = 20;

function inProbe(make: MakeTransport, use: (probe: TransportProbe) => void): void {
  const probe = new TransportProbe(make);
  try {
    use(probe);
  } finally {
    probe.close();
  }
}

/** Passes by a second at each look: no pause of a transport outlasts the next request. */
export function virtualClock(): () => number {
  let nowMs = 0;
  return () => {
    nowMs += 1000;
    return nowMs;
  };
}
