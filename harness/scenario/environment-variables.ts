import { isProblem, type Reading } from './quantities.ts';

/**
 * Puts environment variables where a text says `${NAME}`, or `${NAME:-otherwise}`.
 * It happens after hashing: a renewed token is not another experiment, and the file never holds a secret.
 */
export function withVariables(
  texts: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string | undefined>>,
): Reading<Record<string, string>> {
  const filled: Record<string, string> = {};
  for (const [key, text] of Object.entries(texts)) {
    const reading = fill(text, variables);
    if (isProblem(reading)) return reading;
    filled[key] = reading.value;
  }
  return { value: filled };
}

function fill(text: string, variables: Readonly<Record<string, string | undefined>>): Reading<string> {
  const unset: string[] = [];
  const value = text.replaceAll(
    /\$\{(\w+)(?::-([^}]*))?\}/g,
    (_, name: string, otherwise: string | undefined) => {
      const found = variables[name] ?? otherwise;
      if (found === undefined) unset.push(name);
      return found ?? '';
    },
  );
  if (unset.length === 0) return { value };
  return {
    problem: `the environment variable ${unset.join(', ')} is not set`,
    advice: `export it, or write \${${unset[0]}:-none}`,
  };
}
