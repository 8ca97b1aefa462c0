import { nearestName } from '../errors.ts';
import type { TensorMetadata } from '../targets/target.ts';
import type { DatasetOptions, Entry } from './dataset-entries.ts';
import type { DatasetProblems, StoredTensor } from './dataset-tensors.ts';
import { nestedNumbers, requestTensor } from './nested-numbers.ts';
import { textLines } from './text-lines.ts';
import type { ExpectedTensor } from './workload.ts';

const FIELDS = ['id', 'class', 'rows', 'inputs', 'expected', 'outputs', 'parameters'];

type Fields = Readonly<Record<string, unknown>>;
interface Given {
  readonly data: unknown;
  readonly shape?: readonly number[];
  readonly datatype?: string;
}

/**
 * One request a line:
 *
 *     {"inputs": {"features": [[0.1, 0.2], [0.3, 0.4]]}, "rows": 2, "expected": {"score": [1, 2]}, "class": "small", "id": "a"}
 *
 * All but `inputs` may be left out. `inputs` may also be the list of a request of the Open Inference Protocol.
 */
export function readJsonl(options: DatasetOptions, problems: DatasetProblems): readonly Entry[] {
  const entries: Entry[] = [];
  for (const { line, text } of textLines(options.path)) {
    const before = problems.count;
    const complain: Complain = (message, field, advice) =>
      problems.add(message, {
        line,
        ...(field === undefined ? {} : { field }),
        ...(advice === undefined ? {} : { advice }),
      });
    const fields = fieldsOf(text, complain);
    if (fields === undefined || !isOf(fields, options.className)) continue;
    const entry = entryOf(fields, options, complain);
    if (problems.count > before) continue;
    if (!problems.hold(bytesOf(entry), line)) break;
    entries.push(entry);
  }
  return entries;
}

function bytesOf({ inputs, expected = [] }: Entry): number {
  return [...inputs, ...expected].reduce((sum, { values }) => sum + values.byteLength, 0);
}

type Complain = (message: string, field?: string, advice?: string) => void;

function fieldsOf(text: string, complain: Complain): Fields | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isMap(parsed)) {
      for (const name of Object.keys(parsed)) {
        if (!FIELDS.includes(name)) complain(`unknown field; allowed: ${FIELDS.join(', ')}`, name);
      }
      return parsed;
    }
    complain(`found ${text.slice(0, 40)}; a line is one JSON object`);
  } catch (error) {
    complain(`found no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  return undefined;
}

function isMap(found: unknown): found is Fields {
  return typeof found === 'object' && found !== null && !Array.isArray(found);
}

function isOf({ class: named }: Fields, className: string): boolean {
  return named === undefined || named === className;
}

function entryOf(fields: Fields, { model }: DatasetOptions, complain: Complain): Entry {
  const given = givenTensors(fields.inputs, 'inputs', complain);
  unknownNames([...given.keys()], model.inputs, 'inputs', complain);
  const inputs: StoredTensor[] = [];
  for (const input of model.inputs) {
    const field = `inputs.${input.name}`;
    const one = given.get(input.name);
    if (one === undefined) {
      complain('found nothing; the model takes this input', field);
      continue;
    }
    if (one.datatype !== undefined && one.datatype !== input.datatype) {
      complain(`found datatype ${one.datatype}; the model takes ${input.datatype}`, field);
    }
    const tensor = requestTensor(input, one.data, one.shape);
    if ('why' in tensor) complain(tensor.why, field);
    else inputs.push({ name: input.name, datatype: input.datatype, ...tensor });
  }
  const rows = rowsOf(inputs, fields.rows, complain);
  const expected = expectedOf(fields.expected ?? fields.outputs, model.outputs, complain);
  return { rows, inputs, ...(expected === undefined ? {} : { expected }) };
}

/** `{name: data}`, or `[{name, shape, datatype, data}]`. */
function givenTensors(found: unknown, field: string, complain: Complain): Map<string, Given> {
  if (isMap(found)) return new Map(Object.entries(found).map(([name, data]) => [name, { data }]));
  const list = Array.isArray(found) ? (found as unknown[]).filter(isMap) : [];
  if (!Array.isArray(found) || list.length !== found.length) {
    complain('found no tensors; allowed: { name: data } or [{ name, shape, datatype, data }]', field);
  }
  return new Map(
    list.map(({ name, shape, datatype, data }) => [
      String(name),
      {
        data,
        ...(Array.isArray(shape) ? { shape: shape.map(Number) } : {}),
        ...(typeof datatype === 'string' ? { datatype } : {}),
      },
    ]),
  );
}

function unknownNames(
  names: readonly string[],
  known: readonly TensorMetadata[],
  field: string,
  complain: Complain,
): void {
  const allowed = known.map(({ name }) => name);
  for (const name of names.filter((one) => !allowed.includes(one))) {
    const near = nearestName(name, allowed);
    complain(
      `the model has no such tensor; it has ${allowed.join(', ')}`,
      `${field}.${name}`,
      near === undefined ? undefined : `did you mean ${near}?`,
    );
  }
}

function rowsOf(inputs: readonly StoredTensor[], said: unknown, complain: Complain): number {
  const counts = inputs.flatMap(({ shape }) => shape.slice(0, 1));
  const [rows = 1] = counts;
  if (counts.some((count) => count !== rows))
    complain(`found inputs of ${counts.join(' and ')} rows`, 'inputs');
  if (said !== undefined && said !== rows)
    complain(`found ${JSON.stringify(said)}; the inputs have ${rows} rows`, 'rows');
  return rows;
}

function expectedOf(
  found: unknown,
  outputs: readonly TensorMetadata[],
  complain: Complain,
): readonly ExpectedTensor[] | undefined {
  // A recorded request may name the outputs that it wants, without data.
  if (
    found === undefined ||
    (Array.isArray(found) && found.every((one) => isMap(one) && one.data === undefined))
  ) {
    return undefined;
  }
  const given = givenTensors(found, 'expected', complain);
  if (outputs.length > 0) unknownNames([...given.keys()], outputs, 'expected', complain);
  return [...given].flatMap(([name, { data }]) => {
    const nested = nestedNumbers(data);
    if (!('why' in nested)) return [{ name, values: Float64Array.from(nested.values) }];
    complain(nested.why, `expected.${name}`);
    return [];
  });
}
