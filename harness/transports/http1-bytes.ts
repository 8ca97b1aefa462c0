/* What HTTP/1.x is made of, byte by byte: classes of bytes, numbers, names. */

export const SPACE = 32;
const TAB = 9;
const COMMA = 44;
const COLON = 58;
export const SEMICOLON = 59;
export const DIGIT_0 = 48;
export const NOT_HEX = 16;

export const HTTP_1 = Buffer.from('HTTP/1.');
export const CONTENT_LENGTH = Buffer.from('content-length');
export const TRANSFER_ENCODING = Buffer.from('transfer-encoding');
export const CONNECTION = Buffer.from('connection');
export const CHUNKED = Buffer.from('chunked');
export const CLOSE = Buffer.from('close');
export const KEEP_ALIVE = Buffer.from('keep-alive');

export const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const text = String.fromCharCode(byte);
  return /[0-9a-fA-F]/.test(text) ? Number.parseInt(text, 16) : NOT_HEX;
});
const TOKEN = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/** No control character but the tab: a CR in the middle of a line would be one. */
export function isText(line: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const byte = line[at] ?? 0;
    if ((byte < SPACE && byte !== TAB) || byte === 127) return false;
  }
  return true;
}

/** Where the colon after a header's name is; -1 when there is no name that RFC 9110 allows. */
export function colonOf(line: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && TOKEN[line[at] ?? 0] === 1) at += 1;
  return at > from && at < end && line[at] === COLON ? at : -1;
}

/** Digits only; -1 when there is anything else, or nothing, or more digits than a double holds exactly. */
export function decimal(line: Buffer, from: number, end: number): number {
  if (from === end || end - from > 15) return -1;
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = (line[at] ?? 0) - DIGIT_0;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

export function startsWith(line: Buffer, from: number, prefix: Buffer): boolean {
  for (let at = 0; at < prefix.length; at++) if (line[from + at] !== prefix[at]) return false;
  return true;
}

/** Equal but for case; `lower` holds lower-case letters and hyphens, whose bit 32 is set anyway. */
export function isName(line: Buffer, from: number, end: number, lower: Buffer): boolean {
  if (end - from !== lower.length) return false;
  for (let at = 0; at < lower.length; at++) if (((line[from + at] ?? 0) | 32) !== lower[at]) return false;
  return true;
}

/** True when the word is a member of the list, whatever its case; commas stand between members, and blanks around them. */
export function holdsMember(line: Buffer, from: number, end: number, lower: Buffer): boolean {
  for (let at = from; at < end; at += 1) {
    let start = at;
    while (at < end && line[at] !== COMMA) at += 1;
    let stop = at;
    while (start < stop && isBlank(line[start])) start += 1;
    while (stop > start && isBlank(line[stop - 1])) stop -= 1;
    if (isName(line, start, stop, lower)) return true;
  }
  return false;
}
