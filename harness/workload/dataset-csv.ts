import { nearestName } from '../errors.ts';
import type { TensorMetadata } from '../targets/target.ts';
import type { DatasetOptions, Entry } from './dataset-entries.ts';
import {
  type DatasetProblems,
  datatypeProblem,
  shapeText,
  sizeOf,
  storeFor,
  valueProblem,
} from './dataset-tensors.ts';
import { nestedNumbers } from './nested-numbers.ts';
import { cutRows, rowsProblem } from './row-table.ts';
import { textLines } from './text-lines.ts';

const OTHER_COLUMNS = ['id', 'class'];
const EXPECTED = 'expected.';

/** Where the numbers of one tensor stand in a line: one column each, or one with a list (`undefined` positions). */
interface Plan {
  readonly tensor: TensorMetadata;
  readonly size: number;
  readonly columns: readonly number[];
  readonly asList: boolean;
  readonly values: number[];
}

/**
 * One row a line below a header. A column is an input's element by its position in a row, `x[0]`, `x[1]` …; or an input
 * as a whole, `x`: one number, or a JSON list in quotes. `expected.y[0]` … is what the model should answer, `class`
 * picks the class of a mix, `id` is ignored. No line breaks within quotes.
 */
export function readCsv(options: DatasetOptions, problems: DatasetProblems): readonly Entry[] {
  const { model, rows } = options;
  const lines = textLines(options.path);
  const first = lines.next();
  if (first.done === true) return [];
  const header = cells(first.value.text).map((name) => name.trim());
  const inputs = model.inputs.flatMap((input) => planOf(input, header, '', problems));
  const outputs = model.outputs.flatMap((output) =>
    header.some((name) => nameOf(name) === EXPECTED + output.name)
      ? planOf(output, header, EXPECTED, problems)
      : [],
  );
  unknownColumns(header, model.inputs, model.outputs, problems);
  for (const input of model.inputs) {
    const why = rowsProblem(input, rows);
    if (why !== undefined) problems.add(why);
  }
  if (problems.count > 0) return [];
  const classAt = header.indexOf('class');
  const perRow = [...inputs, ...outputs].reduce((sum, { size }) => sum + size, 0);
  let total = 0;
  for (const { line, text } of lines) {
    const row = cells(text);
    if (classAt >= 0 && row[classAt] !== options.className && (row[classAt] ?? '') !== '') continue;
    if (row.length !== header.length) {
      problems.add(`found ${row.length} cells; the header has ${header.length}`, { line });
      continue;
    }
    total += 1;
    // Read as doubles, and kept as what the model takes.
    if (!problems.hold(8 * perRow, line)) break;
    for (const plan of [...inputs, ...outputs]) readRow(plan, row, header, line, problems);
  }
  if (problems.count > 0) return [];
  const column = ({ tensor, values }: Plan) => {
    const stored = storeFor(tensor.datatype, values.length);
    stored.set(values);
    return {
      name: tensor.name,
      datatype: tensor.datatype,
      rowShape: tensor.shape.slice(1),
      values: stored,
      scalar: tensor.shape.length === 0,
    };
  };
  return cutRows(total, inputs.map(column), outputs.map(column), rows, problems);
}

function planOf(
  tensor: TensorMetadata,
  header: readonly string[],
  prefix: string,
  problems: DatasetProblems,
): Plan[] {
  const field = prefix + tensor.name;
  const rowShape = tensor.shape.slice(1);
  const size = sizeOf(rowShape);
  const why =
    datatypeProblem(tensor.datatype) ??
    (rowShape.some((one) => one < 0)
      ? `a row of ${shapeText(tensor.shape)} has no fixed number of columns; write .jsonl instead`
      : undefined);
  if (why !== undefined) {
    problems.add(why, { line: 1, field });
    return [];
  }
  const whole = header.indexOf(field);
  const each = Array.from({ length: size }, (_, at) => header.indexOf(`${field}[${at}]`));
  const absent = each.findIndex((at) => at < 0);
  if (whole < 0 && absent >= 0) {
    const wanted = size === 1 ? field : `${field} or ${field}[0] to ${field}[${size - 1}]`;
    problems.add(`found no column ${field}[${absent}]; the model takes ${wanted}`, { line: 1, field });
    return [];
  }
  return [{ tensor, size, columns: whole >= 0 ? [whole] : each, asList: whole >= 0, values: [] }];
}

function unknownColumns(
  header: readonly string[],
  inputs: readonly TensorMetadata[],
  outputs: readonly TensorMetadata[],
  problems: DatasetProblems,
): void {
  const known = [
    ...inputs.map(({ name }) => name),
    ...outputs.map(({ name }) => EXPECTED + name),
    ...OTHER_COLUMNS,
  ];
  for (const name of new Set(header.map(nameOf))) {
    if (known.includes(name)) continue;
    const near = nearestName(name, known);
    problems.add(`unknown column "${name}"; known: ${known.join(', ')}`, {
      line: 1,
      ...(near === undefined ? {} : { advice: `did you mean ${near}?` }),
    });
  }
}

function nameOf(column: string): string {
  return column.replace(/\[\d+\]$/, '');
}

function readRow(
  plan: Plan,
  row: readonly string[],
  header: readonly string[],
  line: number,
  problems: DatasetProblems,
): void {
  const { tensor, size, columns, asList, values } = plan;
  const found = asList ? listOf(row[columns[0] ?? 0] ?? '') : columns.map((at) => numberOf(row[at] ?? ''));
  if (found.length !== size) {
    problems.add(`found ${found.length} numbers; a row of ${tensor.name} has ${size}`, {
      line,
      field: header[columns[0] ?? 0] ?? '',
    });
    return;
  }
  for (const [at, value] of found.entries()) {
    const why = valueProblem(tensor.datatype, value);
    const field = header[columns[asList ? 0 : at] ?? 0] ?? tensor.name;
    if (why !== undefined) problems.add(Number.isNaN(value) ? 'found no number' : why, { line, field });
    values.push(value);
  }
}

function listOf(cell: string): readonly number[] {
  if (!cell.trim().startsWith('[')) return [numberOf(cell)];
  try {
    const nested = nestedNumbers(JSON.parse(cell));
    return 'why' in nested ? [Number.NaN] : nested.values;
  } catch {
    return [Number.NaN];
  }
}

function numberOf(cell: string): number {
  const text = cell.trim();
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true' ? 1 : 0;
  return text === '' ? Number.NaN : Number(text);
}

/** RFC 4180 within one line: cells between commas; in quotes, commas belong to the cell and quotes are doubled. */
export function cells(text: string): string[] {
  const found: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '"' && text[at + 1] === '"') {
      cell += '"';
      at += 1;
    } else if (character === '"' && (quoted || cell.trim() === '')) {
      quoted = !quoted;
    } else if (character === ',' && !quoted) {
      found.push(cell);
      cell = '';
    } else cell += character;
  }
  return [...found, cell];
}
