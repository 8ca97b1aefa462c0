import { createHash } from 'node:crypto';

/** SHA-256 (hex, 16 characters) of plain content; the order of a map's keys does not matter, that of a list does. */
export function contentHash(content: unknown): string {
  return createHash('sha256').update(canonical(content)).digest('hex').slice(0, 16);
}

function canonical(content: unknown): string {
  if (Array.isArray(content)) return `[${content.map(canonical).join(',')}]`;
  if (typeof content !== 'object' || content === null) return JSON.stringify(content) ?? 'null';
  const entries = Object.entries(content)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`).join(',')}}`;
}

/** Freezes plain content all the way down. */
export function deepFreeze<T>(content: T): T {
  if (typeof content === 'object' && content !== null) {
    for (const value of Object.values(content)) deepFreeze(value);
    Object.freeze(content);
  }
  return content;
}
