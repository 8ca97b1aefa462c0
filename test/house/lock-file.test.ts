import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageFile } from '../../harness/package-files.ts';

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * `npm ci` refuses a lock file that leaves out the optional packages of other platforms, and some registries make npm
 * write such a file. A working node_modules does not show it; the next fresh clone does.
 */
it('locks the optional packages of every platform', () => {
  const { packages } = JSON.parse(readFileSync(packageFile('package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, LockedPackage>>;
  };
  const unlocked = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  );
  expect(unlocked).toEqual([]);
});
