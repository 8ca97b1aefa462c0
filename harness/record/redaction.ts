const REDACTED = '[redacted]';

/**
 * A deep copy without secrets: every value below a key `headers` (their names stay), credentials in URLs,
 * and `Authorization:` lines inside longer texts such as the scenario file.
 */
export function withoutSecrets<T>(value: T): T {
  return scrub(value, false) as T;
}

function scrub(value: unknown, insideHeaders: boolean): unknown {
  if (typeof value === 'string') return insideHeaders ? REDACTED : scrubText(value);
  if (Array.isArray(value)) return value.map((item) => scrub(item, insideHeaders));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, scrub(item, insideHeaders || isSecretName(key))]),
  );
}

function isSecretName(key: string): boolean {
  return /^(headers|(proxy-)?authorization|cookie|x-api-key|password|secret)$/i.test(key);
}

/** Histograms are long base64 strings without `:`; the cheap test spares them both expressions. */
function scrubText(text: string): string {
  if (!text.includes(':')) return text;
  return text
    .replace(/(\w+:\/\/)[^\s/@"']+@/g, `$1${REDACTED}@`)
    .replace(/(["']?\b(?:proxy-)?authorization["']?\s*:\s*)[^\n,}]+/gi, `$1${REDACTED}`);
}
