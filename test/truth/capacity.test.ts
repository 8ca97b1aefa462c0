import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { LOAD_ENGINES } from '../../harness/run/engines.ts';
import { runScenario } from '../../harness/run/run-scenario.ts';
import { SILENT } from '../../harness/run/session/observer.ts';
import { scenarioFromText } from '../../harness/scenario/load-file.ts';
import { coresForTest, onQuietMachine } from '../support/real-time.ts';
import { analyticCapacity } from '../support/simulated-capacity.ts';
import { startTruthServer } from '../support/start-truth-server.ts';

const NEVER = new AbortController().signal;
/** One server, first in, first out, 1 ms a request: p90 < 8 ms breaks at about 85 % of 1,000/s. */
const QUEUE = { serviceMs: 1, boundMs: 8, allowed: 0.1 };
const TRUTH = analyticCapacity(QUEUE);

async function foundPerS(seed: number): Promise<number | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-capacity-'));
  const law = { kind: 'queue', service: 'deterministic', meanMs: QUEUE.serviceMs, seed } as const;
  const server = await startTruthServer({ law, precise: true }, coresForTest().server);
  try {
    const text = `
name: known
target: { url: "${server.url}", model: truth }
load: { find: capacity, start: 200/s, atMost: 40s }
measure: { warmup: 500ms, duration: 3s, seed: ${seed} }
decide: { slo: ["p90 < ${QUEUE.boundMs}ms"] }
`;
    const options = {
      outFolder: folder,
      observer: SILENT,
      drain: NEVER,
      cancel: NEVER,
      engines: LOAD_ENGINES,
    };
    const { record } = await runScenario(scenarioFromText(text, 'known.yaml'), options);
    return record.searches?.[0]?.found.estimate?.requestsPerS;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

for (let seed = 1; seed <= 10; seed++) {
  it(`finds the capacity of a server of known capacity within 5 %, seed ${seed}`, (context) =>
    onQuietMachine(context, async () => {
      expect(Math.abs(((await foundPerS(1000 * seed)) ?? 0) / TRUTH - 1)).toBeLessThan(0.05);
    }));
}
