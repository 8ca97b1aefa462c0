import type { ExpectedTensor } from '../workload/workload.ts';
import { ELEMENT_BYTES, readElements } from './tensor-bytes.ts';

const OPEN = 123;
const CLOSE = 125;
const QUOTE = 34;
const BACKSLASH = 92;

interface Output {
  readonly name?: unknown;
  readonly datatype?: unknown;
  readonly data?: unknown;
  readonly parameters?: { readonly binary_data_size?: unknown };
}

/**
 * The outputs of a whole answer that are numbers, as JSON or as bytes behind it; texts are left out. Undefined when it
 * is no answer that can be read.
 */
export function oipRestOutputs(body: Buffer): readonly ExpectedTensor[] | undefined {
  const end = endOfJson(body);
  const outputs = end === undefined ? undefined : outputsOf(body.toString('utf8', 0, end));
  if (outputs === undefined || end === undefined) return undefined;
  const found: ExpectedTensor[] = [];
  let at = end;
  for (const { name, datatype, data, parameters } of outputs) {
    const bytes = Number(parameters?.binary_data_size ?? 0);
    const values =
      data === undefined ? binaryValues(String(datatype), body.subarray(at, at + bytes)) : jsonValues(data);
    if (data === undefined) at += bytes;
    if (values !== undefined) found.push({ name: String(name), values });
  }
  return found;
}

function outputsOf(text: string): readonly Output[] | undefined {
  try {
    const { outputs } = JSON.parse(text) as { outputs?: unknown };
    return Array.isArray(outputs) ? (outputs as Output[]) : undefined;
  } catch {
    return undefined;
  }
}

/** Where the object that begins the body ends. */
function endOfJson(body: Buffer): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at];
    if (quoted) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (byte === OPEN) depth += 1;
    else if (byte === CLOSE) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

function jsonValues(data: unknown): Float64Array | undefined {
  const flat: unknown[] = Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY) : [data];
  const numbers = flat.every((value) => typeof value === 'number' || typeof value === 'boolean');
  return numbers ? Float64Array.from(flat, Number) : undefined;
}

function binaryValues(datatype: string, bytes: Buffer): Float64Array | undefined {
  const width = ELEMENT_BYTES.get(datatype);
  return width === undefined || bytes.length % width !== 0 ? undefined : readElements(datatype, bytes);
}
