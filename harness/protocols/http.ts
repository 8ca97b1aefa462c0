import type { Outcome, Template } from '../transports/transport.ts';
import { jsonDifference } from './body-difference.ts';
import type { AnswerReader, Protocol } from './protocol.ts';

/** One request to any HTTP server, the same every time. */
export interface HttpRequest {
  readonly method: string;
  /** With its query; begins with a slash. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The status of a good answer; undefined: any from 200 to 299. */
  readonly expectStatus: number | undefined;
  /** Bodies are compared: JSON by what it means, all else by its bytes. */
  readonly compares?: boolean;
}

const NOTHING = new Uint8Array(0);

/** Plain HTTP: an answer is judged by its status; its body is only looked at where it is compared. */
export function http({ method, path, headers, body, expectStatus, compares }: HttpRequest): Protocol {
  const template: Template = {
    method,
    path,
    headers: Object.entries(headers),
    own: NOTHING,
    shared: body,
    ignoresAnswer: compares !== true,
    stamp: () => {},
  };
  return {
    encode: () => template,
    reader: () => new StatusReader(expectStatus),
    ...(compares === true ? { difference: jsonDifference } : {}),
  };
}

class StatusReader implements AnswerReader {
  readonly #expected: number | undefined;

  constructor(expected: number | undefined) {
    this.#expected = expected;
  }

  begin(): void {}

  data(): void {}

  finish(status: number): Outcome {
    if (this.#expected === undefined ? status >= 200 && status < 300 : status === this.#expected) return 'ok';
    if (status === 429) return 'http-429';
    if (status >= 500) return 'http-5xx';
    // A redirect, or a good status that is not the expected one, is another answer than the one asked for.
    return status >= 400 ? 'http-4xx' : 'wrong-answer';
  }
}
