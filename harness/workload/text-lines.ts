import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** The lines of a UTF-8 file with their numbers from 1, one at a time; blank ones left out. */
export function* textLines(path: string): Generator<{ readonly line: number; readonly text: string }> {
  const decoder = new StringDecoder('utf8');
  const buffer = Buffer.allocUnsafe(2 ** 20);
  const descriptor = openSync(path, 'r');
  let rest = '';
  let line = 0;
  try {
    for (;;) {
      const read = readSync(descriptor, buffer, 0, buffer.length, null);
      const pieces = (rest + (read === 0 ? decoder.end() : decoder.write(buffer.subarray(0, read)))).split(
        '\n',
      );
      rest = read === 0 ? '' : (pieces.pop() ?? '');
      for (const piece of pieces) {
        line += 1;
        const text = line === 1 ? piece.replace(/^\uFEFF/, '') : piece;
        if (text.trim() !== '') yield { line, text: text.replace(/\r$/, '') };
      }
      if (read === 0) return;
    }
  } finally {
    closeSync(descriptor);
  }
}
