import type { Problem } from '../errors.ts';

/** One data line of a CSV file: column name -> text, and the line it stands on. */
export interface CsvRow {
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * Reads comma-separated text with a header line (RFC 4180: quoted fields, doubled quotes, line breaks in quotes).
 * Empty lines are skipped. A line with another number of fields than the header is a problem, not a guess.
 */
export function parseCsv(text: string, file: string): { rows: CsvRow[]; problems: Problem[] } {
  const [header, ...lines] = splitCsv(text);
  if (header === undefined) return { rows: [], problems: [{ file, message: 'the file is empty' }] };
  const columns = header.fields.map((name) => name.trim());
  const problems: Problem[] = [];
  const rows: CsvRow[] = [];
  for (const { line, fields } of lines) {
    if (fields.length !== columns.length) {
      const message = `${fields.length} fields, but the header names ${columns.length}`;
      problems.push({ file, line, message, advice: 'Quote a field that contains a comma.' });
      continue;
    }
    const cells = Object.fromEntries(columns.map((name, column) => [name, (fields[column] ?? '').trim()]));
    rows.push({ line, cells });
  }
  return { rows, problems };
}

interface CsvLine {
  line: number;
  fields: string[];
}

/** A field is quoted text or anything without comma, quote and line break; it ends at a comma or at the line's end. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(,|\r?\n|$)/y;

function splitCsv(text: string): CsvLine[] {
  const lines: CsvLine[] = [];
  let current: CsvLine = { line: 1, fields: [] };
  let line = 1;
  FIELD.lastIndex = text.startsWith('\uFEFF') ? 1 : 0;
  while (FIELD.lastIndex < text.length) {
    const at = FIELD.lastIndex;
    const match = FIELD.exec(text);
    if (match === null) return [...lines, { line, fields: [text.slice(at)] }];
    const [whole, quoted, plain, end] = match;
    current.fields.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    line += whole.split('\n').length - 1;
    if (end === ',' && FIELD.lastIndex < text.length) continue;
    if (end === ',') current.fields.push('');
    if (current.fields.some((field) => field !== '')) lines.push(current);
    current = { line, fields: [] };
  }
  return lines;
}
