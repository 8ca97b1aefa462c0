import { TextProtoError, type Token, tokensOf } from './text-proto-tokens.ts';

/**
 * Protocol Buffers' text format, read without a schema, so that a file may hold fields which this server does not
 * know: they are told, not lost.
 *
 *   name: "a"  dims: [ -1, 3 ]  input { data_type: TYPE_FP32 }  parameters { key: "k" value: { ... } }
 *
 * A scalar is a word (an enum's name, true, inf), a number as it was written, or a string. A field that stands
 * several times, or once with a list, has several values.
 */
export interface TextMessage {
  readonly fields: readonly TextField[];
  /** Where it begins. */
  readonly line: number;
}

export interface TextField {
  readonly name: string;
  readonly line: number;
  readonly value: TextValue;
}

export type TextValue =
  | { readonly kind: 'message'; readonly message: TextMessage }
  | { readonly kind: 'word' | 'number' | 'string'; readonly text: string };

/** No configuration nests so deep; a hostile one must not end in a full stack. */
const DEEPEST = 100;
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '<': '>' };

/** Throws a TextProtoError that says what was found, what was expected, and the line. */
export function parseTextProto(text: string): TextMessage {
  const reader = new Reader(tokensOf(text));
  return { fields: reader.fields(undefined, 0), line: 1 };
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** Fields up to the closing mark, which is taken as well; undefined: up to the end of the file. */
  fields(closing: string | undefined, depth: number): TextField[] {
    if (depth > DEEPEST) throw this.#unexpected(`at most ${DEEPEST} messages within one another`);
    const fields: TextField[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined && closing === undefined) return fields;
      if (closing !== undefined && this.#take(closing)) return fields;
      if (token?.kind !== 'word') throw this.#unexpected(closing ? `a field or "${closing}"` : 'a field');
      this.#at++;
      for (const value of this.#values(depth)) fields.push({ name: token.text, line: token.line, value });
      if (!this.#take(',')) this.#take(';');
    }
  }

  /** Only a message may follow its field's name without a colon. */
  #values(depth: number): TextValue[] {
    const colon = this.#take(':');
    if (this.#take('[')) return this.#list(depth);
    const message = this.#message(depth);
    if (message !== undefined) return [message];
    if (!colon) throw this.#unexpected('":" or "{"');
    return [this.#scalar()];
  }

  #list(depth: number): TextValue[] {
    const values: TextValue[] = [];
    if (this.#take(']')) return values;
    do values.push(this.#message(depth) ?? this.#scalar());
    while (this.#take(','));
    if (!this.#take(']')) throw this.#unexpected('"," or "]"');
    return values;
  }

  #message(depth: number): TextValue | undefined {
    const token = this.#tokens[this.#at];
    const closing = token?.kind === 'mark' ? CLOSING[token.text] : undefined;
    if (token === undefined || closing === undefined) return undefined;
    this.#at++;
    return { kind: 'message', message: { fields: this.fields(closing, depth + 1), line: token.line } };
  }

  #scalar(): TextValue {
    const minus = this.#take('-') ? '-' : '';
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === 'mark' || (minus !== '' && token.kind === 'string')) {
      throw this.#unexpected('a value');
    }
    this.#at++;
    if (token.kind !== 'string') return { kind: token.kind, text: minus + token.text };
    // Strings that follow one another are one.
    let text = token.text;
    for (let next = this.#tokens[this.#at]; next?.kind === 'string'; next = this.#tokens[++this.#at]) {
      text += next.text;
    }
    return { kind: 'string', text };
  }

  #take(mark: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== 'mark' || token.text !== mark) return false;
    this.#at++;
    return true;
  }

  #unexpected(expected: string): TextProtoError {
    const token = this.#tokens[this.#at];
    const found = token === undefined ? 'the end of the file' : `"${token.text.slice(0, 40)}"`;
    return new TextProtoError(
      `expected ${expected}, found ${found}`,
      token?.line ?? this.#tokens.at(-1)?.line ?? 1,
    );
  }
}
