import { expect } from 'vitest';
import type { CaseRecord } from '../../harness/record/case-record.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { LOAD_ENGINES } from '../../harness/run/engines.ts';
import { runScenario } from '../../harness/run/run-scenario.ts';
import { SILENT } from '../../harness/run/session/observer.ts';
import { scenarioFromText } from '../../harness/scenario/load-file.ts';

const NEVER = new AbortController().signal;

/** Runs a scenario of one case to its end, into `folder`; without a failure. */
export async function onlyCase(
  text: string,
  folder: string,
): Promise<{ readonly one: CaseRecord; readonly record: RunRecord }> {
  const { record, failure } = await runScenario(scenarioFromText(text, 'scenario.yaml'), {
    outFolder: folder,
    observer: SILENT,
    drain: NEVER,
    cancel: NEVER,
    engines: LOAD_ENGINES,
  });
  expect(failure).toBeUndefined();
  const [one] = record.cases;
  if (one === undefined) return expect.fail('nothing was measured');
  return { one, record };
}
