import type { Sample } from './workload.ts';

/** The payloads of one class of requests: a payload is a function of its key. */
export interface Payloads {
  /** How many payloads there are; undefined: as many as are asked for. */
  readonly available: number | undefined;
  /** How many samples stand for them: as many as there are payloads, or fewer that are varied by their key. */
  readonly samples: number;
  /** Allocates nothing. */
  sampleOfKey(key: number): number;
  sample(number: number): Omit<Sample, 'requestClass' | 'variation'> & { readonly varied?: Varied };
}

/** How the first input spells a key. */
export interface Varied {
  readonly elements: number;
  readonly radix: number;
  readonly from: number;
  readonly step: number;
}
