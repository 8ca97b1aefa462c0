import type { NoticeRecord } from '../../record/run-record.ts';
import type { TargetSpec } from '../../scenario/target-spec.ts';
import { externalTarget } from '../../targets/external.ts';
import { referenceTarget } from '../../targets/reference.ts';
import { isBalanced, replicatedTarget } from '../../targets/replicas.ts';
import type { Target } from '../../targets/target.ts';
import { withRedis } from '../../targets/with-redis.ts';

/** The target that a setting names. `cpus`: cores to bind a server of ours to. */
export function makeTarget(
  spec: TargetSpec,
  cpus: readonly number[] | undefined,
  onNotice: (notice: NoticeRecord) => void,
): Target {
  if (spec.kind === 'external') return externalTarget(spec);
  const options = cpus === undefined ? { onNotice } : { onNotice, cpus };
  return withRedis(spec, cpus, (own) =>
    isBalanced(own) ? replicatedTarget(own, options) : referenceTarget(own, options),
  );
}
