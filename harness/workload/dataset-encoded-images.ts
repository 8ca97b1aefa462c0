import { readFileSync } from 'node:fs';
import type { TensorMetadata } from '../targets/target.ts';
import type { Entry } from './dataset-entries.ts';
import { type DatasetProblems, shapeText } from './dataset-tensors.ts';
import type { RowChoice } from './row-choice.ts';
import { rowsProblem } from './row-table.ts';

const LENGTH_BYTES = 4;

/** Whether the model takes images as files, and decodes them itself. */
export function takesFiles(inputs: readonly TensorMetadata[]): boolean {
  return inputs.length === 1 && inputs[0]?.datatype === 'BYTES';
}

/**
 * Image files as they are, one a row, for an input of BYTES [rows, 1]. A tensor's values are its bytes: of each
 * element four bytes of length, then its own.
 */
export function encodedImages(
  input: TensorMetadata,
  files: readonly string[],
  choice: RowChoice,
  problems: DatasetProblems,
): readonly Entry[] {
  const why = rowsProblem(input, choice);
  if (why !== undefined) problems.add(why);
  if (input.shape.slice(1).some((size) => size !== 1)) {
    problems.add(`the model takes ${input.name} ${shapeText(input.shape)}; image files need [rows, 1]`);
  }
  const elements = files.map((file) => withLength(readFileSync(file)));
  if (!problems.hold(elements.reduce((sum, { length }) => sum + length, 0))) return [];
  const entries: Entry[] = [];
  for (let from = 0; ; ) {
    const rows = choice.rows[choice.choiceOf(entries.length)] ?? 1;
    const own = elements.slice(from, from + rows);
    if (own.length < rows) break;
    const values = new Uint8Array(Buffer.concat(own));
    entries.push({ rows, inputs: [{ name: input.name, datatype: 'BYTES', shape: [rows, 1], values }] });
    from += rows;
  }
  if (entries.length === 0 && files.length > 0) {
    problems.add(`found ${files.length} images, fewer than one request has rows`, {
      advice: 'Set workload.rows, or give more images.',
    });
  }
  return problems.count > 0 ? [] : entries;
}

function withLength(file: Buffer): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(file.length);
  return Buffer.concat([length, file]);
}
