/** A piece of a text-format file; `text` is what was written, or a string's content. */
export interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'mark';
  readonly text: string;
  readonly line: number;
}

/** The text is not text format: one sentence, with the line where it stops being so. */
export class TextProtoError extends Error {
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.name = 'TextProtoError';
    this.line = line;
  }
}

const SPACE = /(?:[ \t\r\v\f]|#[^\n]*)+/y;
const WORD = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?)(?![A-Za-z0-9_.])/y;
const MARKS = '{}<>[]:,;-';

/** Throws a TextProtoError. Comments begin with # and end with the line. */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const character = text[at] ?? '';
    const space = matchAt(SPACE, text, at);
    const word = matchAt(WORD, text, at);
    const number = matchAt(NUMBER, text, at);
    if (character === '\n') {
      line++;
      at++;
    } else if (space !== undefined) {
      at += space.length;
    } else if (character === '"' || character === "'") {
      const string = readString(text, at, line);
      tokens.push({ kind: 'string', text: string.content, line });
      at = string.end;
    } else if (word !== undefined || number !== undefined) {
      const found = word ?? number ?? '';
      tokens.push({ kind: word === undefined ? 'number' : 'word', text: found, line });
      at += found.length;
    } else if (MARKS.includes(character)) {
      tokens.push({ kind: 'mark', text: character, line });
      at++;
    } else {
      throw new TextProtoError(`found ${JSON.stringify(character)}, which begins nothing`, line);
    }
  }
  return tokens;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

const ESCAPE =
  /\\(?:([abfnrtv?\\'"])|[xX]([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;
const PLAIN: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** Escapes stand for bytes, or for code points with u; the bytes together are UTF-8. */
function readString(text: string, from: number, line: number): { content: string; end: number } {
  const quote = text[from];
  const pieces: Buffer[] = [];
  let at = from + 1;
  for (;;) {
    const character = text[at];
    if (character === undefined || character === '\n') {
      throw new TextProtoError('a string does not end on its line', line);
    }
    if (character === quote) return { content: Buffer.concat(pieces).toString('utf8'), end: at + 1 };
    if (character === '\\') {
      const { bytes, length } = readEscape(text, at, line);
      pieces.push(bytes);
      at += length;
    } else {
      const whole = String.fromCodePoint(text.codePointAt(at) ?? 0);
      pieces.push(Buffer.from(whole, 'utf8'));
      at += whole.length;
    }
  }
}

function readEscape(text: string, at: number, line: number): { bytes: Buffer; length: number } {
  ESCAPE.lastIndex = at;
  const found = ESCAPE.exec(text);
  if (found === null) {
    throw new TextProtoError(
      `found the escape ${JSON.stringify(text.slice(at, at + 2))}, there is none such`,
      line,
    );
  }
  const [whole, plain, hex, octal, short, long] = found;
  const length = whole.length;
  if (plain !== undefined) return { bytes: Buffer.from([PLAIN[plain] ?? plain.charCodeAt(0)]), length };
  if (hex !== undefined) return { bytes: Buffer.from([Number.parseInt(hex, 16)]), length };
  if (octal !== undefined) return { bytes: Buffer.from([Number.parseInt(octal, 8) & 255]), length };
  const codePoint = Number.parseInt(short ?? long ?? '', 16);
  if (codePoint > 0x10ffff) throw new TextProtoError(`${whole} is beyond the last code point`, line);
  return { bytes: Buffer.from(String.fromCodePoint(codePoint), 'utf8'), length };
}
