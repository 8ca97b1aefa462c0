import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageFile } from '../../harness/package-files.ts';
import { LONG, longFirst } from './long-files.ts';

it('begins with the long files, the longest first, and leaves the others in their order', () => {
  const files = ['/a/b.test.ts', `/clone/${LONG[2]}`, '/a/a.test.ts', `/clone/${LONG[0]}`, '/z.test.ts'];
  expect(longFirst(files, (file) => file)).toEqual([
    `/clone/${LONG[0]}`,
    `/clone/${LONG[2]}`,
    '/a/b.test.ts',
    '/a/a.test.ts',
    '/z.test.ts',
  ]);
});

it.each(LONG)('%s is a file', (file) => expect(existsSync(packageFile(...file.split('/')))).toBe(true));
