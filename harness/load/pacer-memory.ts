/** Shared between a generator thread and its pacer thread. */
export interface PacerMemory {
  readonly control: Int32Array<SharedArrayBuffer>;
  /** Ring of due times, milliseconds of process.hrtime; its length is a power of two. */
  readonly due: Float64Array<SharedArrayBuffer>;
  /** Planned instant of the next probe. */
  readonly probe: Float64Array<SharedArrayBuffer>;
}

/** Places in `control`. */
export const CONTROL = {
  /** Due times written so far. */
  published: 0,
  /** Due times acted upon so far, written by the generator. */
  dispatched: 1,
  /** 1 while a wake-up message is under way. */
  wakePending: 2,
  stop: 3,
  /** 1 while the pacer sleeps with nothing expected, so that news must wake it. */
  idle: 4,
  /** Counts changes; what the pacer sleeps on. */
  news: 5,
  /** 1 once probes run. */
  begun: 6,
} as const;

/** More than an open loop draws ahead, and than a closed loop has slots that think. */
const RING = 65_536;

export function allocatePacerMemory(): PacerMemory {
  return {
    control: new Int32Array(new SharedArrayBuffer(8 * 4)),
    due: new Float64Array(new SharedArrayBuffer(RING * 8)),
    probe: new Float64Array(new SharedArrayBuffer(8)),
  };
}
