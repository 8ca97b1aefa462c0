/** Headers of one connection, not of the message (RFC 9110, 7.6.1); and Expect, which has been answered. */
const OF_THE_CONNECTION = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Without those of the connection, without those that the header Connection names, and without `besides`. */
export function endToEnd(rawHeaders: readonly string[], besides?: string): string[] {
  const kept: string[] = [];
  let named: readonly string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const lower = name.toLowerCase();
    if (lower === 'connection') named = value.toLowerCase().split(/\s*,\s*/);
    if (!OF_THE_CONNECTION.has(lower) && lower !== besides) kept.push(name, value);
  }
  const extra = named.filter((name) => name !== 'close' && name !== 'keep-alive' && name !== '');
  return extra.length === 0 ? kept : withoutNames(kept, extra);
}

function withoutNames(headers: readonly string[], names: readonly string[]): string[] {
  return headers.filter((_, index) => !names.includes((headers[index - (index % 2)] ?? '').toLowerCase()));
}
