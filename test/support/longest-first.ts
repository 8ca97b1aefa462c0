import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files of half a minute and more, the longest first: begun last, one of them would keep a single worker busy at the end. */
const LONG = [
  'test/house/readme.test.ts',
  'test/reports/page.test.ts',
  'test/system/run.test.ts',
  'test/reference-server/execution/providers.test.ts',
  'test/conformance/faults.test.ts',
  'test/conformance/peers.test.ts',
  'test/system/interrupted.test.ts',
  'test/system/limits.test.ts',
  'test/house/package.test.ts',
];

/** vitest's own order (what failed, then by the time it took, or by size), behind the files that are known to be long. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONG.findIndex((file) => moduleId.endsWith(file));
      return at === -1 ? LONG.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
