export type Phase = 'warmup' | 'measure' | 'drain';

/** Edges in milliseconds of the run's clock. `measureEndAtMs` moves forward when a run ends before its time. */
export interface PhaseEdges {
  readonly warmupAtMs: number;
  readonly measureAtMs: number;
  readonly measureEndAtMs: number;
}

/** start <= at < end. */
export function phaseAt(edges: PhaseEdges, atMs: number): Phase {
  if (atMs < edges.measureAtMs) return 'warmup';
  return atMs < edges.measureEndAtMs ? 'measure' : 'drain';
}
