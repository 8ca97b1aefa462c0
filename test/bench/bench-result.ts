import type { Reach, Spread } from './round-statistics.ts';

/** One line of the bench's table. */
export interface RowResult {
  /** Number of the row in the table of promises. */
  readonly row: number;
  readonly what: string;
  readonly against: string;
  /** What `found` counts: how many times cheaper, milliseconds, … */
  readonly unit: 'times' | 'ms' | 'us' | 'cores' | 'bytes';
  readonly reach: Reach;
  readonly found: Spread | undefined;
  readonly reached: boolean | undefined;
  /** CPU microseconds of a request, where sides are compared. */
  readonly oursUs?: Spread | undefined;
  readonly peerUs?: Spread | undefined;
  /** Why there is nothing, or less than was wanted. */
  readonly note?: string | undefined;
}

const UNITS = { times: 'x', ms: ' ms', us: ' us', cores: ' cores', bytes: ' bytes' } as const;

/** The table for a terminal. */
export function tableOf(rows: readonly RowResult[]): string {
  const cells = rows.map((row) => [
    String(row.row),
    row.what,
    row.against,
    spreadText(row.oursUs, ''),
    spreadText(row.peerUs, ''),
    spreadText(row.found, UNITS[row.unit]),
    `${'atLeast' in row.reach ? `>= ${row.reach.atLeast}` : `<= ${row.reach.atMost}`}${UNITS[row.unit]}`,
    row.reached === undefined ? '-' : row.reached ? 'yes' : 'NO',
  ]);
  const head = ['row', 'what', 'against', 'ours us', 'peer us', 'found (min-max)', 'reach', 'reached'];
  const widths = head.map((name, column) =>
    Math.max(name.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const lines = [head, ...cells].map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const notes = rows.flatMap(({ row, against, note }) =>
    note === undefined ? [] : [`row ${row}, ${against}: ${note}`],
  );
  return [...lines, ...notes].join('\n');
}

function spreadText(spread: Spread | undefined, unit: string): string {
  if (spread === undefined) return '-';
  const { median, min, max } = spread;
  return `${figure(median)}${unit} (${figure(min)}-${figure(max)})`;
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** What is to be said of a row, in one line; undefined where there is nothing. */
export function noteOf(...parts: readonly (string | undefined)[]): string | undefined {
  const said = parts.filter((part) => part !== undefined && part !== '');
  return said.length === 0 ? undefined : said.join('; ');
}
