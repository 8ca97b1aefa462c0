import { invalid } from '../errors.ts';

/** Begins the names that are the server's own. */
const RESERVED = 'triton_';

/** What a request says beside its inputs, of either door. */
export type RequestParameters = Readonly<Record<string, boolean | number | string>>;

/**
 * Flags, numbers and texts, by any name but those that begin with `triton_`, of which a door may know some. Throws an
 * `invalid` ServingError that names the first other one.
 */
export function requestParameters(
  parameters: Readonly<Record<string, unknown>>,
  known: readonly string[] = [],
): RequestParameters {
  for (const [name, value] of Object.entries(parameters)) {
    const label = `the parameter "${name.slice(0, 60)}"`;
    if (name.startsWith(RESERVED) && !known.includes(name)) {
      throw invalid(`${label} is none of this door's: names that begin with "${RESERVED}" are reserved`);
    }
    if (!['boolean', 'number', 'string'].includes(typeof value)) {
      const found = JSON.stringify(value).slice(0, 60);
      throw invalid(`${label} must be a text, a number, or true or false, found ${found}`);
    }
  }
  return parameters as RequestParameters;
}
