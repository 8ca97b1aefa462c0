import type { Figure, Percentile } from '../record/run-record.ts';
import { isMissing } from '../record/run-record.ts';
import { formatCount } from '../record/wording.ts';

/** The width that every text output keeps to. */
export const WIDTH = 88;

/** Milliseconds in a table whose head names the unit: `0.42` `4.2` `24` `1,290`. */
export function formatMs(ms: number): string {
  if (ms >= 10) return formatCount(ms);
  return String(Number(ms.toPrecision(2)));
}

/** A percentile as a table cell: its value, `> x` when censored, `-` when there is none. */
export function formatPercentile(percentile: Percentile): string {
  if (!isMissing(percentile)) return formatMs(percentile.value);
  return percentile.above === undefined ? '-' : `> ${formatMs(percentile.above)}`;
}

export function formatFigure(figure: Figure, format: (value: number) => string): string {
  return isMissing(figure) ? '-' : format(figure);
}

/** `29 s`, `1 min 31 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60;
  return rest === 0 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 60)} min ${rest} s`;
}

/** Breaks a text into lines of at most `width`, continuation lines indented. Words are never cut. */
export function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && indent.length + longer.length > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  if (line !== '') lines.push(line);
  return lines.map((one, index) => (index === 0 ? one : indent + one)).join('\n');
}

/** Columns padded to their widest cell: those in `left` to the left, everything else to the right. */
export function alignColumns(rows: readonly (readonly string[])[], left: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
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
