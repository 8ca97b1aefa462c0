import type { CredibilityRecord } from '../../harness/record/judged.ts';
import type { Headline } from '../../harness/run/cases/case-judgement.ts';
import { summariseCase } from '../../harness/run/cases/case-summary.ts';
import type { LoadAssignment } from '../../harness/run/load-engine.ts';
import { assignment } from './assignment.ts';
import { runLoadInProcess } from './load-process.ts';
import { loadRecordOf } from './load-record.ts';
import { coresForTest } from './real-time.ts';
import { startTruthServer } from './start-truth-server.ts';
import type { Law } from './truth-config.ts';

/** One real run against a truthful server, and what is said about it. */
export async function judgedRun(
  law: Law,
  changes: Partial<LoadAssignment>,
  headline: Headline,
): Promise<CredibilityRecord> {
  const cores = coresForTest();
  const server = await startTruthServer({ law }, cores.server);
  try {
    const given = assignment(server.url, { cpus: cores.generator, ...changes });
    const startedAt = new Date().toISOString();
    const results = [await runLoadInProcess(given)];
    const load = loadRecordOf(given);
    return summariseCase({ trials: [{ startedAt, results }], load, headline, causes: [] }).credibility;
  } finally {
    await server.stop();
  }
}
