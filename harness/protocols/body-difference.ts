/** The first difference in words; undefined when every byte is the same. */
export function bytesDifference(found: Buffer, expected: Buffer): string | undefined {
  if (found.equals(expected)) return undefined;
  const shared = Math.min(found.length, expected.length);
  let at = 0;
  while (at < shared && found[at] === expected[at]) at += 1;
  const lengths = `${found.length} bytes, not ${expected.length}`;
  return at === shared ? `has ${lengths}` : `differs in byte ${at} of ${expected.length}`;
}

/**
 * Two JSON texts as what they mean: the order of fields is free, a number may be off by tolerance x max(1, |expected|),
 * all else is equal. What is no JSON is compared by its bytes.
 */
export function jsonDifference(found: Buffer, expected: Buffer, tolerance: number): string | undefined {
  if (found.equals(expected)) return undefined;
  const wanted = parsed(expected);
  if (wanted === undefined) return bytesDifference(found, expected);
  const got = parsed(found);
  return got === undefined ? 'is not JSON' : valueDifference(got.value, wanted.value, tolerance, '$');
}

function parsed(body: Buffer): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body.toString()) as unknown };
  } catch {
    return undefined;
  }
}

/** @param path in JSONPath's words: `$.scores[3]`. */
function valueDifference(
  found: unknown,
  expected: unknown,
  tolerance: number,
  path: string,
): string | undefined {
  if (typeof found === 'number' && typeof expected === 'number') {
    const isClose = Math.abs(found - expected) <= tolerance * Math.max(1, Math.abs(expected));
    return isClose ? undefined : `says ${path} = ${found}, not ${expected}`;
  }
  if (kindOf(found) !== kindOf(expected)) return `has ${kindOf(found)} at ${path}, not ${kindOf(expected)}`;
  if (typeof expected !== 'object' || expected === null || typeof found !== 'object' || found === null) {
    return found === expected ? undefined : `says ${path} = ${show(found)}, not ${show(expected)}`;
  }
  const [got, wanted] = [new Map(Object.entries(found)), new Map(Object.entries(expected))];
  for (const key of new Set([...wanted.keys(), ...got.keys()])) {
    const at = Array.isArray(expected) ? `${path}[${key}]` : `${path}.${key}`;
    if (!got.has(key)) return `lacks ${at}`;
    if (!wanted.has(key)) return `has ${at} besides`;
    const difference = valueDifference(got.get(key), wanted.get(key), tolerance, at);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'fields' : `a ${typeof value}`;
}

const MOST_CHARACTERS = 40;

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
