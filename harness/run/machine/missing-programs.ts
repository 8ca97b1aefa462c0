import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../errors.ts';
import type { Scenario } from '../../scenario/scenario.ts';
import { DEFAULT_BALANCER } from '../../scenario/target-spec.ts';
import { REDIS_PROGRAMS } from '../../targets/redis-process.ts';

/** The Debian package of each balancer that is a program of the machine. */
const PACKAGES: Readonly<Record<string, string>> = { haproxy: 'haproxy', nginx: 'nginx-light' };

/** Debian keeps servers where the PATH of ordinary users does not look. */
const FOLDERS = [...(process.env.PATH ?? '').split(':'), '/usr/sbin'];

/** What the scenario needs and this machine lacks: known before the first setting is measured, not at the last. */
export function missingPrograms({ settings }: Pick<Scenario, 'settings'>, folders = FOLDERS): Problem[] {
  const isHere = (program: string) => folders.some((folder) => existsSync(join(folder, program)));
  return [...missingBalancers(settings, isHere), ...missingRedis(settings, isHere)];
}

type IsHere = (program: string) => boolean;

function missingBalancers(settings: Scenario['settings'], isHere: IsHere): Problem[] {
  const kinds = settings.flatMap(({ target }) =>
    target.kind === 'reference' ? (target.balancer?.kind ?? []) : [],
  );
  return [...new Set(kinds)]
    .filter((kind) => kind !== DEFAULT_BALANCER.kind && !isHere(kind))
    .map((kind) => ({
      field: 'target.balancer.kind',
      message: `${kind} is not installed`,
      advice: `apt-get install ${PACKAGES[kind] ?? kind}; or kind: ${DEFAULT_BALANCER.kind}`,
    }));
}

/** One that the run would start; where it only connects, the server says what is wrong. */
function missingRedis(settings: Scenario['settings'], isHere: IsHere): Problem[] {
  const starts = settings.some(
    ({ target }) =>
      target.kind === 'reference' && target.cache?.kind === 'redis' && target.cache.url === undefined,
  );
  if (!starts || REDIS_PROGRAMS.some(isHere)) return [];
  return [
    {
      field: 'target.reference.cache',
      message: `${REDIS_PROGRAMS.join(' or ')} is not installed, and the run is to start one`,
      advice: "apt-get install redis-server; or give its url; or leave it out: --set 'skip=[{cache: redis}]'",
    },
  ];
}
