/**
 * Length of the code of each byte in the Huffman code of HPACK (RFC 7541, appendix B), in bits, as base-36 digits; 32
 * bytes a row. The code is canonical, so the lengths determine it.
 */
export const HUFFMAN_LENGTHS = [
  'dnsssssssoussussssssssusssssssss',
  '6aacd68baa8b8666555666666678f6ca',
  'd67777777777777777777777878djde6',
  'f56565666577666567655677777fbeds',
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnno',
  'mlkmmnnlnmmolmnnllmlnmnnkmmmnmmn',
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrr',
  'koklmllnmmppooqnqrqqrrrrrsrrrrrq',
].join('');

const END_OF_STRING = 256;
const LONGEST = 30;
const NO_SYMBOL = -1;

/** Of each length: its first code, how many there are, and where their symbols begin in SYMBOLS. */
const FIRST_CODE = new Int32Array(LONGEST + 1);
const CODES = new Int32Array(LONGEST + 1);
const SYMBOLS_AT = new Int32Array(LONGEST + 1);
const SYMBOLS = new Int16Array(257);
/** For the next 8 bits: 256 x length + byte, or 0 where the code is longer. Most of what headers consist of. */
const SHORT = new Uint16Array(256);

fillTables();

function fillTables(): void {
  const lengths = [...HUFFMAN_LENGTHS].map((digit) => Number.parseInt(digit, 36));
  lengths.push(LONGEST);
  let code = 0;
  let at = 0;
  for (let length = 1; length <= LONGEST; length++) {
    FIRST_CODE[length] = code;
    SYMBOLS_AT[length] = at;
    for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
      if (lengths[symbol] !== length) continue;
      SYMBOLS[at++] = symbol;
      if (length <= 8) SHORT.fill(length * 256 + symbol, code << (8 - length), (code + 1) << (8 - length));
      code += 1;
    }
    CODES[length] = code - (FIRST_CODE[length] ?? 0);
    code *= 2;
  }
}

/**
 * Decodes bytes from..to into `into`, which must have room for 8/5 of them. Gives the number of bytes decoded; -1 for
 * what RFC 7541 forbids: the end-of-string symbol, or padding that is not the start of it or is longer than 7 bits.
 */
export function decodeHuffman(bytes: Buffer, from: number, to: number, into: Buffer): number {
  let bits = 0;
  let have = 0;
  let at = from;
  let decoded = 0;
  for (;;) {
    for (; have <= 24 && at < to; have += 8) bits = (bits << 8) | (bytes[at++] ?? 0);
    const short = have >= 8 ? (SHORT[(bits >>> (have - 8)) & 255] ?? 0) : 0;
    if (short !== 0) {
      into[decoded++] = short & 255;
      have -= short >> 8;
      continue;
    }
    const length = lengthOfNext(bits, have);
    if (length === 0) return have < 8 && isPadding(bits, have) ? decoded : -1;
    const symbol = symbolOf(bits, have, length);
    if (symbol === END_OF_STRING) return -1;
    into[decoded++] = symbol;
    have -= length;
  }
}

/** 0 when the bits that there are do not make a code. */
function lengthOfNext(bits: number, have: number): number {
  for (let length = 5; length <= Math.min(have, LONGEST); length++) {
    if (symbolOf(bits, have, length) !== NO_SYMBOL) return length;
  }
  return 0;
}

function symbolOf(bits: number, have: number, length: number): number {
  const nth = ((bits >>> (have - length)) & (2 ** length - 1)) - (FIRST_CODE[length] ?? 0);
  return nth >= 0 && nth < (CODES[length] ?? 0) ? (SYMBOLS[(SYMBOLS_AT[length] ?? 0) + nth] ?? 0) : NO_SYMBOL;
}

function isPadding(bits: number, have: number): boolean {
  const ones = 2 ** have - 1;
  return (bits & ones) === ones;
}
