import type { CaseRecord } from './case-record.ts';

/** Whether the server ran on the generator's machine. */
export function ranHere({ target }: CaseRecord): boolean {
  if (target.kind === 'reference') return true;
  const { url } = target.requested;
  return typeof url === 'string' && /^\w+:\/\/(127\.|localhost\b|\[::1\])/.test(url);
}
