/** Where a model runs: in threads of its own, or in the one that reads and writes the requests. */
export type Placement = 'worker' | 'inline';

export const PLACEMENT_CHOICES = ['auto', 'inline', 'worker'] as const;
export type PlacementChoice = (typeof PLACEMENT_CHOICES)[number];

export interface Placed {
  readonly placement: Placement;
  /** In a sentence. */
  readonly reason: string;
}

/** Above it nothing needs to be measured: handing a batch over costs no thread as much. */
export const WORTH_A_LOOK_NS = 1e6;

/**
 * Inline where even the largest batch takes the thread that serves no longer than handing it to another one and taking it
 * back: then handing it over holds up the other requests as long as running it would. `handoverNs`: what that costs this
 * thread, measured; undefined where it was not.
 */
export function choosePlacement(largestBatchNs: number | undefined, handoverNs: number | undefined): Placed {
  if (largestBatchNs === undefined) return worker('shapes vary, so no batch stands for all');
  const batch = `the largest batch takes ${microseconds(largestBatchNs)}`;
  if (handoverNs === undefined) return worker(batch);
  const way = `handing it to a thread ${microseconds(handoverNs)}`;
  if (largestBatchNs > handoverNs) return worker(`${batch}, ${way}`);
  return { placement: 'inline', reason: `auto: ${batch}, ${way}` };
}

function worker(why: string): Placed {
  return { placement: 'worker', reason: `auto: ${why}` };
}

function microseconds(ns: number): string {
  return `${(ns / 1000).toPrecision(3)} us`;
}
