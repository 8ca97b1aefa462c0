import type { TensorMetadata } from '../targets/target.ts';
import type { Entry } from './dataset-entries.ts';
import { type DatasetProblems, type Stored, sizeOf } from './dataset-tensors.ts';
import type { RowChoice } from './row-choice.ts';

/** Rows one after another, as of a table. */
export interface Column {
  readonly name: string;
  readonly datatype: string;
  /** Of one row. */
  readonly rowShape: readonly number[];
  readonly values: Stored | Float64Array;
  /** True for an input without dimensions. */
  readonly scalar?: boolean;
}

/** Cuts rows, in their order, into requests of as many rows as each is to have; what is left over is not used. */
export function cutRows(
  total: number,
  inputs: readonly (Column & { readonly values: Stored })[],
  expected: readonly Column[],
  { rows, choiceOf }: RowChoice,
  problems: DatasetProblems,
): readonly Entry[] {
  const entries: Entry[] = [];
  const cut = <T extends Stored>({ rowShape }: Column, values: T, from: number, count: number) => {
    const size = sizeOf(rowShape);
    return values.subarray(from * size, (from + count) * size) as T;
  };
  for (let from = 0; ; ) {
    const count = rows[choiceOf(entries.length)] ?? 1;
    if (from + count > total) break;
    const at = from;
    entries.push({
      rows: count,
      inputs: inputs.map((column) => ({
        name: column.name,
        datatype: column.datatype,
        shape: column.scalar === true ? [] : [count, ...column.rowShape],
        values: cut(column, column.values, at, count),
      })),
      ...(expected.length === 0
        ? {}
        : {
            expected: expected.map((column) => ({
              name: column.name,
              values: Float64Array.from(cut(column, column.values as Stored, at, count)),
            })),
          }),
    });
    from += count;
  }
  if (total > 0 && entries.length === 0) {
    problems.add(`found ${total} rows, fewer than one request has`, {
      advice: 'Set workload.rows, or give more rows.',
    });
  }
  return entries;
}

/** Why requests of these rows cannot be made for an input whose number of rows is fixed. */
export function rowsProblem(input: TensorMetadata, { rows }: RowChoice): string | undefined {
  const [fixed = -1] = input.shape;
  const other = rows.find((count) => count !== fixed);
  if (fixed < 0 || other === undefined) return undefined;
  return `${input.name} takes exactly ${fixed} rows, but a request has ${other}: set workload.rows to ${fixed}`;
}
