import { isProblem, type Reading, show } from './quantities.ts';

/** One recorded arrival. */
export interface ReplayRow {
  /** From the start of the recording. */
  readonly atMs: number;
  /** Which payload it asked for; undefined where the recording does not say. */
  readonly payload: number | undefined;
}

/** Reads one line of a recording; undefined for a line without a row. */
export type ReadLine = (line: string) => Reading<ReplayRow> | undefined;

/** The reader for a file of this name, with state of its own: the head of a CSV file comes first. */
export function lineReader(file: string): Reading<ReadLine> {
  if (/\.csv$/i.test(file)) return { value: csvReader() };
  if (/\.(jsonl|ndjson)$/i.test(file)) return { value: jsonLine };
  return { problem: `found "${file}"; a recording is a .csv or a .jsonl file` };
}

const NEEDS = 'atMs or atS: offsets from the start, in milliseconds or in seconds';

function csvReader(): ReadLine {
  let head: readonly string[] | undefined;
  let usable = false;
  return (line) => {
    if (line.trim() === '' || (head !== undefined && !usable)) return undefined;
    const cells = cellsOf(line);
    if (head !== undefined) {
      return rowOf(Object.fromEntries(head.map((name, at) => [name, numberIn(cells[at])])));
    }
    head = cells;
    usable = cells.includes('atMs') !== cells.includes('atS');
    if (usable) return undefined;
    return { problem: `found the columns ${cells.join(', ')}; one of them is ${NEEDS}` };
  };
}

/** Quotes as in RFC 4180; a cell that spans lines is not a number anyway. */
function cellsOf(line: string): string[] {
  return [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)]
    .slice(0, line.endsWith(',') || line === '' ? undefined : -1)
    .map(([, cell = '']) =>
      cell
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .replaceAll('""', '"'),
    );
}

/** What is no number stays what it is, to be quoted back. */
function numberIn(cell: string | undefined): unknown {
  if (cell === undefined || cell === '') return undefined;
  const value = Number(cell);
  return Number.isFinite(value) ? value : cell;
}

function jsonLine(line: string): Reading<ReplayRow> | undefined {
  if (line.trim() === '') return undefined;
  try {
    const row: unknown = JSON.parse(line);
    return typeof row === 'object' && row !== null
      ? rowOf({ ...row })
      : { problem: `found ${shortened(line)}; a line is an object` };
  } catch {
    return { problem: `found ${shortened(line)}; that is not JSON` };
  }
}

function rowOf({ atMs, atS, payload }: Readonly<Record<string, unknown>>): Reading<ReplayRow> {
  if ((atMs === undefined) === (atS === undefined)) {
    return { problem: `found ${atMs === undefined ? 'no offset' : 'atMs and atS'}; a row has ${NEEDS}` };
  }
  const [name, found, factor] = atS === undefined ? ['atMs', atMs, 1] : ['atS', atS, 1000];
  const offset = wholeOrFraction(name, found);
  if (isProblem(offset)) return offset;
  if (payload === undefined) return { value: { atMs: offset.value * factor, payload: undefined } };
  if (typeof payload === 'number' && Number.isSafeInteger(payload) && payload >= 0) {
    return { value: { atMs: offset.value * factor, payload } };
  }
  return { problem: `found payload ${show(payload)}; it is the number of a payload, from 0` };
}

const LONGEST_S = 1e8;

function wholeOrFraction(name: string, found: unknown): Reading<number> {
  if (typeof found !== 'number' || found < 0) {
    return { problem: `found ${name} ${show(found)}; it is a number, not below 0` };
  }
  if (found < (name === 'atS' ? LONGEST_S : LONGEST_S * 1000)) return { value: found };
  return {
    problem: `found ${name} ${found}; offsets count from the start of the recording, not from 1970`,
    advice: 'subtract the first from all',
  };
}

function shortened(line: string): string {
  return line.length <= 40 ? line : `${line.slice(0, 40)}…`;
}
