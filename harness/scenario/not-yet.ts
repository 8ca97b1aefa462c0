/**
 * Fields that the format foresees and this version does not have, with what to do meanwhile.
 * They are refused by name: a scenario that asks for autoscaling must not run without it in silence.
 */
const NOT_YET: Readonly<Record<string, string>> = {
  'target.autoscale': 'vary target.reference.instances to compare sizes',
  'target.control': 'change the settings yourself and run once for each',
  'target.metrics': 'leave it out; the statistics of the server are read where it has them',
  'target.native': 'use the neutral settings: maxRows, maxDelay, maxQueue, instances, threads',
  'target.describe.replicas': 'leave it out',
  'target.describe.image': 'put it into labels',
  'target.reference.cache.onFailure': 'leave it out: a store that fails is always a miss',
  'target.reference.native': 'use the neutral settings',
  'decide.tune': 'use vary with the values to try',
  'decide.recommend.minimize': 'use recommend: { maximize: capacity }',
  'decide.recommend.at': 'inferometer cost <run> --traffic 500/s',
  'decide.price.add': 'leave it out',
};

/** What to do instead of a field that this version lacks; undefined for a name that never existed. */
export function notYetAdvice(path: readonly string[]): string | undefined {
  const dotted = path.join('.');
  return Object.hasOwn(NOT_YET, dotted) ? NOT_YET[dotted] : undefined;
}
