/** The width that every text output keeps to. */
export const WIDTH = 88;

/** Breaks a text into lines of at most `room`. A word is cut only where it alone is too long for a line. */
export function linesOf(text: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).flatMap((whole) => pieces(whole, room))) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function pieces(word: string, room: number): string[] {
  return word.length <= room ? [word] : [word.slice(0, room), ...pieces(word.slice(room), room)];
}

/** A text over the whole width, its continuation lines behind `indent`. */
export function wrap(text: string, indent = ''): string {
  return linesOf(text, WIDTH - indent.length).join(`\n${indent}`);
}

/** `label  text`, the text wrapped beside its label, or below a label that is wider than its column. */
export function labelled(label: string, text: string, labelWidth = 11): string {
  const indent = ' '.repeat(labelWidth + 2);
  const head = label.length < labelWidth ? label.padEnd(labelWidth) : `${label}\n${indent}`;
  return `  ${head}${wrap(text, indent)}`;
}

/** Columns padded to their widest cell: those in `left` to the left, everything else to the right. */
export function alignColumns(rows: readonly (readonly string[])[], left: readonly number[] = []): string[] {
  const widths = columnWidths(rows);
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return left.includes(column) ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** The same, indented; where the lines would be too long, the first column is cut. */
export function fittedColumns(rows: readonly (readonly string[])[], left: readonly number[]): string[] {
  const [first = 0, ...rest] = columnWidths(rows);
  const room = Math.max(8, WIDTH - 2 - rest.reduce((sum, width) => sum + 2 + width, 0));
  const fitted = rows.map(([name = '', ...cells]) => [cut(name, Math.min(first, room)), ...cells]);
  return alignColumns(fitted, left).map((line) => `  ${line}`);
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return widths;
}

export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** `batch 32 · delay 0ms`, or `all` where nothing varies. */
export function axesText(axes: Readonly<Record<string, string>>): string {
  const parts = Object.entries(axes).map(([name, label]) => `${name} ${label}`);
  return parts.length === 0 ? 'all' : parts.join(' · ');
}
