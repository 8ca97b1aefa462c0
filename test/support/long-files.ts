/** Files that take long, the longest first: begun last, one of them would keep a single worker busy at the end. */
export const LONG = [
  'test/house/readme.test.ts',
  'test/reports/page.test.ts',
  'test/system/run.test.ts',
  'test/reference-server/execution/providers.test.ts',
  'test/conformance/faults.test.ts',
  'test/conformance/peers.test.ts',
  'test/system/interrupted.test.ts',
  'test/system/limits.test.ts',
  'test/house/package.test.ts',
];

/** The others stay in their order. */
export function longFirst<Item>(items: readonly Item[], fileOf: (item: Item) => string): Item[] {
  const rank = (item: Item): number => {
    const at = LONG.findIndex((file) => fileOf(item).endsWith(file));
    return at === -1 ? LONG.length : at;
  };
  return [...items].sort((a, b) => rank(a) - rank(b));
}
