import type { Protocol } from '../../protocols/protocol.ts';
import type { ValidateSpec } from '../../scenario/workload-spec.ts';
import type { Outcome } from '../../transports/transport.ts';
import { drawAt } from '../../workload/indexed-draws.ts';
import type { ExpectedTensor } from '../../workload/workload.ts';
import type { AnswerFacts, Golden } from '../load-engine.ts';

export interface AnswerCheckOptions {
  readonly validate: ValidateSpec;
  /** By payload. */
  readonly goldens: readonly Golden[];
  readonly payloadOf: (index: number) => number;
  readonly outputs: NonNullable<Protocol['outputs']>;
  /** Which of the requests are compared follows from it. */
  readonly salt: number;
}

/** Compares some answers with what they should be. A pure choice by index, so that any number of generators agree. */
export class AnswerCheck {
  readonly #options: AnswerCheckOptions;
  #compared = 0;
  #wrong = 0;
  #example: string | undefined;

  constructor(options: AnswerCheckOptions) {
    this.#options = options;
  }

  get facts(): AnswerFacts {
    const facts = { compared: this.#compared, wrong: this.#wrong };
    return this.#example === undefined ? facts : { ...facts, example: this.#example };
  }

  /** What the answer to request `index` is to be compared with; null for most. Allocates nothing. */
  goldenOf(index: number): Golden {
    const { validate, salt, goldens, payloadOf } = this.#options;
    if (validate.share < 1 && drawAt(salt, index) >= validate.share) return null;
    return goldens[payloadOf(index)] ?? null;
  }

  compare(index: number, body: Buffer, golden: NonNullable<Golden>): Outcome {
    this.#compared += 1;
    const found = this.#options.outputs(body);
    const difference =
      found === undefined
        ? 'holds no numbers'
        : firstDifference(found, golden, this.#options.validate.tolerance);
    if (difference === undefined) return 'ok';
    this.#wrong += 1;
    this.#example ??= `the answer to request ${index} ${difference}`;
    return found === undefined ? 'malformed' : 'wrong-answer';
  }
}

/** In words; undefined when every expected number is there within tolerance x max(1, |expected|). */
export function firstDifference(
  found: readonly ExpectedTensor[],
  expected: NonNullable<Golden>,
  tolerance: number,
): string | undefined {
  for (const { name, values } of expected) {
    const output = found.find((one) => one.name === name);
    if (output === undefined) return `lacks the output ${name}`;
    if (output.values.length !== values.length) {
      return `has ${output.values.length} numbers in ${name}, not ${values.length}`;
    }
    for (const [at, wanted] of values.entries()) {
      const got = output.values[at] ?? Number.NaN;
      // Written so that a NaN is a difference.
      if (Object.is(got, wanted) || Math.abs(got - wanted) <= tolerance * Math.max(1, Math.abs(wanted)))
        continue;
      return `says ${name}[${at}] = ${got}, not ${wanted}`;
    }
  }
  return undefined;
}
