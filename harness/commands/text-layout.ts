/** The width that every text output keeps to. */
const WIDTH = 88;

/** `label  text`, the text wrapped beside its label. A word is cut only where it alone is too long for a line. */
export function labelled(label: string, text: string, labelWidth = 11): string {
  const indent = ' '.repeat(labelWidth + 2);
  const room = WIDTH - indent.length;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).flatMap((whole) => pieces(whole, room))) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line]
    .map((one, index) => (index === 0 ? `  ${label.padEnd(labelWidth)}` : indent) + one)
    .join('\n');
}

function pieces(word: string, room: number): string[] {
  return word.length <= room ? [word] : [word.slice(0, room), ...pieces(word.slice(room), room)];
}

/**
 * Columns as wide as their widest cell; those in `left` flush left, the others flush right. Where the lines would be
 * too long, the first column is cut.
 */
export function columns(rows: readonly (readonly string[])[], left: readonly number[] = [0]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const total = widths.reduce((sum, width) => sum + width + 2, 0);
  const first = Math.max(8, (widths[0] ?? 0) - Math.max(0, total - WIDTH));
  widths[0] = first;
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const short = cell.length > (widths[column] ?? 0) ? `${cell.slice(0, first - 1)}…` : cell;
      return left.includes(column) ? short.padEnd(widths[column] ?? 0) : short.padStart(widths[column] ?? 0);
    });
    return `  ${cells.join('  ')}`.trimEnd();
  });
}

/** `batch 32 · delay 0ms`, or `all` where nothing varies. */
export function axesText(axes: Readonly<Record<string, string>>): string {
  const parts = Object.entries(axes).map(([name, label]) => `${name} ${label}`);
  return parts.length === 0 ? 'all' : parts.join(' · ');
}
