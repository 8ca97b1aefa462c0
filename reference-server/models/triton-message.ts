import type { TextMessage, TextValue } from './text-proto.ts';

/**
 * A message of a model configuration, from config.pbtxt or from JSON: the same questions to both. What has the wrong
 * type is reported to `onProblem` with its line, and taken as left out.
 */
export class Message {
  readonly line: number | undefined;
  onProblem: (message: string, line?: number) => void = () => {};
  readonly #fields: readonly Entry[];

  private constructor(fields: readonly Entry[], line: number | undefined) {
    this.#fields = fields;
    this.line = line;
  }

  static fromText({ fields, line }: TextMessage): Message {
    return new Message(
      fields.map((field) => ({ name: field.name, line: field.line, value: fromText(field.value) })),
      line,
    );
  }

  /** A JSON object, as Protocol Buffers maps messages to JSON; a list has its values one by one. */
  static fromJson(json: Readonly<Record<string, unknown>>): Message {
    return new Message(
      Object.entries(json).flatMap(([name, value]) =>
        (Array.isArray(value) ? value : [value]).map((each: unknown) => ({
          name,
          line: undefined,
          value: fromJson(each),
        })),
      ),
      undefined,
    );
  }

  /** Each field's name once, with the line where it is first. */
  names(): readonly { readonly name: string; readonly line: number | undefined }[] {
    const first = new Map<string, number | undefined>();
    for (const { name, line } of this.#fields) if (!first.has(name)) first.set(name, line);
    return [...first].map(([name, line]) => ({ name, line }));
  }

  lineOf(name: string): number | undefined {
    return this.#fields.find((field) => field.name === name)?.line;
  }

  /** The fields that are not honoured; one that is not known either is a problem. */
  others(honoured: readonly string[], known: readonly string[]): readonly string[] {
    const others = this.names().filter(({ name }) => !honoured.includes(name));
    for (const { name, line } of others) {
      if (!known.includes(name)) this.onProblem(`${name}: there is no such field here`, line);
    }
    return others.map(({ name }) => name);
  }

  text(name: string): string | undefined {
    return this.#single(name, 'text', (value) => (typeof value === 'string' ? value : undefined));
  }

  flag(name: string): boolean | undefined {
    return this.#single(name, 'true or false', asFlag);
  }

  integer(name: string, atLeast: number): number | undefined {
    return this.#single(name, `a whole number from ${atLeast}`, (value) => asInteger(value, atLeast));
  }

  integers(name: string): readonly number[] {
    return this.#all(name, 'whole numbers', (value) => asInteger(value, -1));
  }

  messages(name: string): readonly Message[] {
    const found = this.#all(name, 'a message in braces', (value) =>
      value instanceof Message ? value : undefined,
    );
    for (const message of found) message.onProblem = (text, line) => this.onProblem(`${name}.${text}`, line);
    return found;
  }

  /** A map field: in text entries with `key` and `value`, in JSON an object. */
  *map(name: string): Generator<readonly [string, Message]> {
    for (const entry of this.messages(name)) {
      const key = wordOf(entry.#fields.find((field) => field.name === 'key')?.value);
      if (key !== undefined) {
        for (const value of entry.messages('value')) yield [key, value];
      } else {
        for (const field of entry.names()) {
          for (const value of entry.messages(field.name)) yield [field.name, value];
        }
      }
    }
  }

  /** A map field whose values are texts. */
  texts(name: string): Readonly<Record<string, string>> {
    const pairs = this.messages(name).flatMap((entry) => {
      // A text has entries with lines; JSON has an object, whose fields are the keys.
      if (entry.line !== undefined) return [[entry.text('key') ?? '', entry.text('value') ?? '']];
      return entry.names().map((field) => [field.name, entry.text(field.name) ?? '']);
    });
    return Object.fromEntries(pairs);
  }

  #single<Found>(name: string, expected: string, read: (value: Value) => Found | undefined) {
    const found = this.#all(name, expected, read);
    if (found.length > 1) this.onProblem(`${name}: is given ${found.length} times`, this.lineOf(name));
    return found.at(0);
  }

  #all<Found>(name: string, expected: string, read: (value: Value) => Found | undefined): Found[] {
    return this.#fields
      .filter((field) => field.name === name)
      .flatMap(({ value, line }) => {
        const found = read(value);
        if (found !== undefined) return [found];
        this.onProblem(`${name}: must be ${expected}`, line);
        return [];
      });
  }
}

interface Entry {
  readonly name: string;
  readonly line: number | undefined;
  readonly value: Value;
}

/** A number or a flag of a text file is the word that was written. */
type Value = string | number | boolean | Message | { readonly word: string } | undefined;

function fromText(value: TextValue): Value {
  if (value.kind === 'message') return Message.fromText(value.message);
  if (value.kind === 'string') return value.text;
  // An enum's name is asked for as text, true and a number are not.
  return /^[A-Z]/.test(value.text) && value.kind === 'word' ? value.text : { word: value.text };
}

function fromJson(value: unknown): Value {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Message.fromJson(value as Readonly<Record<string, unknown>>);
}

function asFlag(value: Value): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const word = wordOf(value);
  if (word === 'true' || word === 'True' || word === 't' || word === '1') return true;
  return word === 'false' || word === 'False' || word === 'f' || word === '0' ? false : undefined;
}

/** JSON may have a 64-bit number as a string. */
function asInteger(value: Value, atLeast: number): number | undefined {
  const word = typeof value === 'number' ? String(value) : wordOf(value);
  const found =
    word !== undefined && /^-?(0|[1-9]\d*|0[xX][0-9a-fA-F]+)$/.test(word) ? Number(word) : Number.NaN;
  return Number.isSafeInteger(found) && found >= atLeast ? found : undefined;
}

function wordOf(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && 'word' in value ? value.word : undefined;
}
