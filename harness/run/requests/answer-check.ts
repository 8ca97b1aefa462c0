import type { Protocol } from '../../protocols/protocol.ts';
import type { ValidateSpec } from '../../scenario/workload-spec.ts';
import type { Outcome } from '../../transports/transport.ts';
import { drawAt } from '../../workload/indexed-draws.ts';
import type { ExpectedTensor } from '../../workload/workload.ts';
import type { AnswerFacts, Golden, GoldenOutputs } from '../load-engine.ts';

export interface AnswerCheckOptions {
  readonly validate: ValidateSpec;
  /** By payload. */
  readonly goldens: readonly Golden[];
  readonly payloadOf: (index: number) => number;
  /** Its `outputs` or its `difference` compare; one of them is there. */
  readonly protocol: Pick<Protocol, 'outputs' | 'difference'>;
  /** Which of the requests are compared follows from it. */
  readonly salt: number;
}

/** What an answer is compared with, ready for it. */
export type Known = GoldenOutputs | { readonly status: number; readonly body: Buffer } | null;

/** Compares some answers with what they should be. A pure choice by index, so that any number of generators agree. */
export class AnswerCheck {
  readonly #options: AnswerCheckOptions;
  readonly #known: readonly Known[];
  #compared = 0;
  #wrong = 0;
  #example: string | undefined;

  constructor(options: AnswerCheckOptions) {
    this.#options = options;
    this.#known = options.goldens.map((golden) =>
      golden === null || !('body' in golden)
        ? golden
        : { ...golden, body: Buffer.from(golden.body, 'base64') },
    );
  }

  get facts(): AnswerFacts {
    const facts = { compared: this.#compared, wrong: this.#wrong };
    return this.#example === undefined ? facts : { ...facts, example: this.#example };
  }

  /** What the answer to request `index` is to be compared with; null for most. Allocates nothing. */
  goldenOf(index: number): Known {
    const { validate, salt, payloadOf } = this.#options;
    if (validate.share < 1 && drawAt(salt, index) >= validate.share) return null;
    return this.#known[payloadOf(index)] ?? null;
  }

  compare(index: number, status: number, body: Buffer, known: NonNullable<Known>): Outcome {
    this.#compared += 1;
    const { protocol, validate } = this.#options;
    if ('body' in known) {
      const difference =
        status === known.status
          ? protocol.difference?.(body, known.body, validate.tolerance)
          : `has status ${status}, not ${known.status}`;
      return this.#judge(index, difference, 'wrong-answer');
    }
    const found = protocol.outputs?.(body);
    return found === undefined
      ? this.#judge(index, 'holds no numbers', 'malformed')
      : this.#judge(index, firstDifference(found, known, validate.tolerance), 'wrong-answer');
  }

  #judge(index: number, difference: string | undefined, wrong: Outcome): Outcome {
    if (difference === undefined) return 'ok';
    this.#wrong += 1;
    this.#example ??= `the answer to request ${index} ${difference}`;
    return wrong;
  }
}

/** In words; undefined when every expected number is there within tolerance x max(1, |expected|). */
export function firstDifference(
  found: readonly ExpectedTensor[],
  expected: GoldenOutputs,
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
