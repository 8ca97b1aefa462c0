/**
 * A text's words and punctuation marks, as BERT's tokeniser cuts them: control characters left out, accents dropped
 * and letters made small where `lowerCase` says so, each mark and each Chinese character a word of its own.
 */
export function wordsOf(text: string, lowerCase: boolean): string[] {
  const clean = text.replace(CONTROL, '').normalize('NFC').replace(IDEOGRAPH, ' $& ');
  const folded = lowerCase ? clean.toLowerCase().normalize('NFD').replace(ACCENT, '') : clean;
  return folded.match(WORD) ?? [];
}

/** All but tab and the ends of lines, which are space. U+FFFD stands for what was no UTF-8. */
const CONTROL = /[\ufffd]|(?![\t\n\r])\p{C}/gu;
const ACCENT = /\p{Mn}/gu;
const IDEOGRAPH = /[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u{20000}-\u{2fa1f}]/gu;
/** A mark of ASCII that is no letter, digit or space counts as punctuation, as do `$` and `^`. */
const WORD = /[!-/:-@[-`{-~]|\p{P}|[^\s!-/:-@[-`{-~\p{P}]+/gu;

const LONGEST_WORD = 100;

/**
 * The pieces of a word in a vocabulary, the longest first from the left; those within a word begin with `##`.
 * Undefined where it cannot be pieced together.
 */
export function piecesOf(word: string, vocabulary: ReadonlyMap<string, number>): number[] | undefined {
  const letters = [...word];
  if (letters.length > LONGEST_WORD) return undefined;
  const pieces: number[] = [];
  for (let from = 0; from < letters.length; ) {
    let end = letters.length;
    let found: number | undefined;
    for (; end > from; end--) {
      found = vocabulary.get((from === 0 ? '' : '##') + letters.slice(from, end).join(''));
      if (found !== undefined) break;
    }
    if (found === undefined) return undefined;
    pieces.push(found);
    from = end;
  }
  return pieces;
}
