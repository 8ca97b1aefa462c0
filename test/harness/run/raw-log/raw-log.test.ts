import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadAssignment, LoadResult, LoadWatch } from '../../../../harness/run/load-engine.ts';
import { rawLogPath } from '../../../../harness/run/raw-log/raw-log-file.ts';
import { type RawLogOnDisk, rawLogsOf, rowsOf } from '../../../../harness/run/raw-log/raw-log-on-disk.ts';
import { replayTogether } from '../../../../harness/run/raw-log/replay.ts';
import { liveHistograms } from '../../../../harness/statistics/histogram.ts';
import { assignment, runLoad } from '../../../support/assignment.ts';
import { startTruthServer } from '../../../support/start-truth-server.ts';
import type { TruthConfig } from '../../../support/truth-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'raw-log-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function logged(
  name: string,
  config: TruthConfig,
  changes: Partial<LoadAssignment>,
  watch: Partial<LoadWatch> = {},
): Promise<{ result: LoadResult; logs: RawLogOnDisk[]; log: RawLogOnDisk; runFolder: string }> {
  const runFolder = join(folder, name);
  const server = await startTruthServer(config);
  try {
    const rawLog = { path: rawLogPath(runFolder, 'load=200/s', 0), caseId: 'load=200/s', trial: 0 };
    const result = await runLoad(
      assignment(server.url, { durationMs: 600, windowMs: 100, ...changes, rawLog }),
      watch,
    );
    const logs = rawLogsOf(runFolder);
    const [log] = logs;
    if (log === undefined) throw new Error('no log');
    return { result, logs, log, runFolder };
  } finally {
    await server.stop();
  }
}

const INSTANT: TruthConfig = { law: { kind: 'constant', delayMs: 2 } };
const POISSON = { shape: 'open', arrivals: 'poisson', requestsPerS: 400 } as const;

describe('a whole log', () => {
  afterAll(() => expect(liveHistograms()).toBe(0));
  const cancel = new AbortController();
  it.concurrent.each([
    ['of an open load', INSTANT, { load: POISSON, goodWithinMs: 3 }, {}],
    [
      'of a load that meets faults and the cap',
      { law: { kind: 'constant', delayMs: 40 }, fault: { kind: 'status-503', every: 3 } },
      { load: POISSON, maxInFlight: 8, connections: 2 },
      {},
    ],
    ['of two generators', INSTANT, { load: POISSON, generators: 2 }, {}],
    ['of a closed load', INSTANT, { load: { shape: 'closed', inFlight: 8, thinkTimeMs: 0 } }, {}],
    [
      'of one that nobody answers',
      { ...INSTANT, fault: { kind: 'half-open', every: 2 } },
      { load: POISSON, timeoutMs: 300, drainMs: 100 },
      {},
    ],
    [
      'of one that was stopped at once',
      { law: { kind: 'constant', delayMs: 200 } },
      { load: POISSON, durationMs: 20_000 },
      { onStart: () => setTimeout(() => cancel.abort(), 700), cancel: cancel.signal },
    ],
  ] as [string, TruthConfig, Partial<LoadAssignment>, Partial<LoadWatch>][])(
    '%s gives the same counts, histograms and windows to the last bit',
    async (name, config, changes, watch) => {
      const { result, logs } = await logged(name, config, changes, watch);
      const { rawLog, ...measured } = result;
      const { counts, warmupCounts } = measured;
      expect(logs.map(({ gap }) => gap)).toEqual(logs.map(() => undefined));
      expect(logs).toHaveLength(changes.generators ?? 1);
      expect(measured.undestroyedHistograms).toBe(0);
      expect(rawLog).toEqual({ rows: counts.scheduled + warmupCounts.scheduled, lost: 0 });
      expect(replayTogether(logs)).toEqual(measured);
    },
  );
});

describe('a log that lacks requests says so', () => {
  let whole: Awaited<ReturnType<typeof logged>>;
  beforeAll(async () => {
    whole = await logged('gaps', INSTANT, { load: POISSON });
  });
  const again = () => rawLogsOf(whole.runFolder)[0] as RawLogOnDisk;

  it('when it was never finished, and is replayed as far as it goes', () => {
    const described = readFileSync(`${whole.log.path}.json`, 'utf8');
    const { end: _, ...head } = JSON.parse(described);
    writeFileSync(`${whole.log.path}.json`, JSON.stringify(head));
    const log = again();
    writeFileSync(`${whole.log.path}.json`, described);
    expect(log.gap).toBe(`it breaks off after ${whole.log.rows} requests, and was never finished`);
    const replayed = replayTogether([log]);
    expect(replayed.counts).toEqual(whole.result.counts);
    expect(replayed.endedEarly).toContain('it breaks off');
  });

  it('when rows were lost on the way', () => {
    const described = readFileSync(`${whole.log.path}.json`, 'utf8');
    const head = JSON.parse(described);
    writeFileSync(`${whole.log.path}.json`, JSON.stringify({ ...head, end: { ...head.end, lost: 7 } }));
    appendFileSync(`${whole.log.path}.rows`, Buffer.alloc(3 * 64));
    const { gap, rows } = again();
    writeFileSync(`${whole.log.path}.json`, described);
    expect(rows).toBe(whole.log.rows);
    expect(again().gap).toContain('where');
    truncateSync(`${whole.log.path}.rows`, whole.log.rows * 64);
    expect(gap).toBe(`it lacks 7 of ${whole.log.rows + 7} requests: the disk did not keep up`);
  });

  it('when the file was cut off, in the middle of a row too', () => {
    truncateSync(`${whole.log.path}.rows`, 100 * 64 + 17);
    const log = again();
    expect(log.gap).toBe(`it was cut off after 100 of ${whole.log.rows} requests`);
    expect([...rowsOf(log)]).toHaveLength(100);
    const { counts, warmupCounts, endedEarly } = replayTogether([log]);
    expect(counts.scheduled + warmupCounts.scheduled).toBe(100);
    expect(endedEarly).toContain('it was cut off after 100');
  });
});

it('a log that cannot be made costs no request, and its reason is told', async () => {
  writeFileSync(join(folder, 'in-the-way'), '');
  const server = await startTruthServer(INSTANT);
  const rawLog = { path: join(folder, 'in-the-way', 'raw', 'x'), caseId: 'x', trial: 0 };
  const result = await runLoad(assignment(server.url, { durationMs: 100, rawLog }));
  await server.stop();
  expect(result.counts.ok).toBe(20);
  expect(result.rawLog).toMatchObject({ rows: 0, problem: expect.stringMatching(/EEXIST|ENOTDIR/) });
  expect(result.rawLog?.lost).toBe(result.counts.sent + result.warmupCounts.sent);
});
