import type { Problem } from '../errors.ts';
import { asMap } from './axes.ts';
import type { Complain } from './complain.ts';

/** Further versions of the bundled server's model go by numbers from 2: the first is the model itself. */
export function versionNumbers({ reference }: Record<string, unknown>, complain: Complain): Problem[] {
  const named = Object.keys(asMap(asMap(reference)?.versions) ?? {});
  return named
    .filter((version) => !/^[1-9]\d*$/.test(version) || version === '1')
    .map((version) => {
      const message = version === '1' ? 'version 1 is model' : `a version is a number, found "${version}"`;
      return complain(
        ['target', 'reference', 'versions', version],
        message,
        'as in versions: { 2: recommender }',
      );
    });
}
