import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { UsageError } from '../../../../harness/errors.ts';
import { runScenario } from '../../../../harness/run/run-scenario.ts';
import { SILENT } from '../../../../harness/run/session/observer.ts';
import { scenarioFromText } from '../../../../harness/scenario/load-file.ts';
import { queueEngine } from '../../../support/queue-engine.ts';
import { type RowServer, startRowServer } from '../../../support/row-server.ts';

const NEVER = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'check-all-'));
let server: RowServer;
beforeAll(async () => {
  server = await startRowServer();
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('says what does not fit any model before anything is sent to the first', async () => {
  const text = `
target: { url: "${server.url}", model: one }
vary:
  what:
    values:
      fits: { target.model: one, workload.inputs: { x: "normal(0, 1)" } }
      odd:  { target.model: one, workload.inputs: { y: "normal(0, 1)" } }
      away: { target.model: two, workload.inputs: { z: "normal(0, 1)" } }
load: { poisson: { rate: 5/s } }
measure: { order: sequential }
`;
  let driven = 0;
  const simulated = queueEngine(2);
  const engine: typeof simulated = {
    ...simulated,
    run: (...given) => {
      driven += 1;
      return simulated.run(...given);
    },
  };
  const { failure, record } = await runScenario(scenarioFromText(text, 'x.yaml'), {
    outFolder: folder,
    observer: SILENT,
    drain: NEVER,
    cancel: NEVER,
    engines: { inferometer: engine, autocannon: engine },
  });
  expect(failure).toBeInstanceOf(UsageError);
  const fields =
    failure instanceof UsageError ? failure.problems.map(({ message }) => message).join('; ') : '';
  expect(fields).toMatch(/y[^;]*;[^;]*z/);
  expect({ driven, answered: server.answered(), cases: record.cases.length }).toEqual({
    driven: 0,
    answered: 0,
    cases: 0,
  });
});
