/** What is asked, apart from how it is written on the wire. Prepared before the clock. */
export interface Workload {
  /** One, named `all`, where there is no mix. */
  readonly classes: readonly RequestClass[];
  /** How many samples there are, over all classes. */
  readonly samples: number;
  /** Deterministic: the same sample for the same number, 0 <= number < samples. Not for the hot path. */
  sample(number: number): Sample;
  /** Which sample request `index` sends: a function of seed and index alone, so that any number of generators agree. */
  sampleOf(index: number): number;
  /** How many payloads there are, over all classes; undefined: no end of them. */
  readonly payloads: number | undefined;
  /** Which payload request `index` sends, where they are counted. */
  payloadOf(index: number): number;
  /** One payload, whatever the index that sends it. */
  payload(number: number): Sample;
}

/** Requests that are counted apart. */
export interface RequestClass {
  readonly name: string;
  /** Model and encoding that its samples are written for. */
  readonly model: string;
  readonly encoding: 'json' | 'binary';
  /** Of all requests. */
  readonly share: number;
  /** How many payloads there are; undefined: no payload comes twice. */
  readonly keys: number | undefined;
}

export interface Sample {
  /** Position in `Workload.classes`. */
  readonly requestClass: number;
  readonly rows: number;
  /** In the order in which they are to be sent: the varied input first. */
  readonly inputs: readonly InputTensor[];
  /** Makes every key's payload different from all others; absent when the sample is one payload as it stands. */
  readonly variation?: Variation;
  /** What the model should answer, where the file says it. */
  readonly expected?: readonly ExpectedTensor[];
}

export interface InputTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly values: Float64Array;
}

export interface ExpectedTensor {
  readonly name: string;
  /** Row-major. */
  readonly values: Float64Array;
}

/**
 * The first `elements` values of the first input spell the payload's key in base `radix`, lowest digit first:
 * value = from + step x digit. They stay within what the input's distribution draws.
 */
export interface Variation {
  readonly elements: number;
  readonly radix: number;
  readonly from: number;
  readonly step: number;
  /** The key of the payload that request `index` sends. Allocates nothing. */
  keyOf(index: number): number;
}

/** Value of digit `position` of `key`. */
export function variedValue(variation: Variation, key: number, position: number): number {
  const digit = Math.floor(key / variation.radix ** position) % variation.radix;
  return variation.from + variation.step * digit;
}
