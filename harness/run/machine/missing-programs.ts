import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../errors.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { DEFAULT_BALANCER } from '../../scenario/target-spec.ts';

/** The Debian package of each balancer that is a program of the machine. */
const PACKAGES: Readonly<Record<string, string>> = { haproxy: 'haproxy', nginx: 'nginx-light' };

/** Debian keeps servers where the PATH of ordinary users does not look. */
const FOLDERS = [...(process.env.PATH ?? '').split(':'), '/usr/sbin'];

/** What the scenario needs and this machine lacks: known before the first setting is measured, not at the last. */
export function missingPrograms({ settings }: Pick<Scenario, 'settings'>, folders = FOLDERS): Problem[] {
  const kinds = settings.flatMap(({ target }) =>
    target.kind === 'reference' ? (target.balancer?.kind ?? []) : [],
  );
  return [...new Set(kinds)]
    .filter((kind) => kind !== DEFAULT_BALANCER.kind)
    .filter((kind) => !folders.some((folder) => existsSync(join(folder, kind))))
    .map((kind) => ({
      field: 'target.balancer.kind',
      message: `${kind} is not installed`,
      advice: `apt-get install ${PACKAGES[kind] ?? kind}; or kind: ${DEFAULT_BALANCER.kind}`,
    }));
}
