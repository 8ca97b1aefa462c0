/**
 * Which of a model's versions are served: the newest few, all of them, or those named. Pure.
 *
 *   folders   1  2  7  9        latest 2 -> 7 9      all -> 1 2 7 9      specific 2, 8 -> 2 (8 is missing)
 */
export type VersionPolicy = { readonly latest: number } | { readonly specific: readonly string[] } | 'all';

export interface VersionChoice {
  /** In ascending order of their numbers. */
  readonly versions: readonly string[];
  /** Asked for by number, and not there. */
  readonly missing: readonly string[];
}

export function chooseVersions(policy: VersionPolicy, available: readonly string[]): VersionChoice {
  const ascending = [...available].sort(compareVersions);
  if (policy === 'all') return { versions: ascending, missing: [] };
  if ('latest' in policy) return { versions: ascending.slice(-policy.latest), missing: [] };
  return {
    versions: ascending.filter((version) => policy.specific.includes(version)),
    missing: policy.specific.filter((version) => !ascending.includes(version)),
  };
}

/** A whole number from 1 without leading zeros, as long as it likes: other names are no versions. */
export function isVersion(name: string): boolean {
  return /^[1-9]\d*$/.test(name);
}

/** By number, without the loss that a JavaScript number has beyond 2^53. */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : Number(a > b);
}
