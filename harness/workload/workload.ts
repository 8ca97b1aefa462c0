/** What is asked, apart from how it is written on the wire. Prepared before the clock. */
export interface Workload {
  /** How many samples there are; requests take them in turn. */
  readonly samples: number;
  /** Deterministic: the same sample for the same number, 0 <= number < samples. Not for the hot path. */
  sample(number: number): Sample;
}

export interface Sample {
  readonly rows: number;
  /** In the order in which they are to be sent: the varied input first. */
  readonly inputs: readonly InputTensor[];
  /** Makes every request's payload different from all others; absent when repeats are wanted. */
  readonly variation?: Variation;
}

export interface InputTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float64Array;
}

/**
 * The first `elements` values of the first input spell the request's index in base `radix`, lowest digit first:
 * value = from + step x digit. They stay within what the input's distribution draws.
 */
export interface Variation {
  readonly elements: number;
  readonly radix: number;
  readonly from: number;
  readonly step: number;
}

/** Value of digit `position` of `index`. */
export function variedValue(variation: Variation, index: number, position: number): number {
  const digit = Math.floor(index / variation.radix ** position) % variation.radix;
  return variation.from + variation.step * digit;
}
