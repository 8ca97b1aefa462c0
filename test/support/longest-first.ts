import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { longFirst } from './long-files.ts';

/** vitest's own order (what failed, then by the time it took, or by size), behind the files that are known to be long. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return longFirst(await super.sort(files), ({ moduleId }) => moduleId);
  }
}
