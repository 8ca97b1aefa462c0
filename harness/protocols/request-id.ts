/** Digits of the `id` that tags each request, so that an answer to another one shows. */
export const ID_WIDTH = 12;

export const BLANK_ID = '0'.repeat(ID_WIDTH);

/** Writes the id of request `index`. Allocates nothing. */
export function writeId(buffer: Buffer, at: number, index: number): void {
  let rest = index;
  for (let position = at + ID_WIDTH - 1; position >= at; position--) {
    const next = Math.floor(rest / 10);
    buffer[position] = 48 + rest - next * 10;
    rest = next;
  }
}

/** The index that is written there; -1 where something else is. */
export function readId(buffer: Buffer, from: number, to: number): number {
  if (to - from !== ID_WIDTH) return -1;
  let index = 0;
  for (let at = from; at < to; at++) {
    const digit = (buffer[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return -1;
    index = index * 10 + digit;
  }
  return index;
}
