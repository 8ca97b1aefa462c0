import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRun } from '../../../../harness/record/read-run.ts';
import type { LoadEngine } from '../../../../harness/run/load-engine.ts';
import { runScenario } from '../../../../harness/run/run-scenario.ts';
import { type RunObserver, SILENT } from '../../../../harness/run/session/observer.ts';
import { scenarioFromText } from '../../../../harness/scenario/load-file.ts';
import { queueEngine } from '../../../support/queue-engine.ts';
import { analyticCapacity } from '../../../support/simulated-capacity.ts';
import { startTruthServer, type TruthServer } from '../../../support/start-truth-server.ts';

const NEVER = new AbortController().signal;
/** p90 < 12 ms over 2 ms a row. */
const TRUTH = analyticCapacity({ serviceMs: 2, boundMs: 12, allowed: 0.1 });

describe('a search for the capacity, on a simulated queue', () => {
  let server: TruthServer;
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-search-'));
  beforeAll(async () => {
    server = await startTruthServer({ law: { kind: 'constant', delayMs: 1 } });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function search(
    more: Partial<Record<'limits', string>>,
    engine = queueEngine(2),
    observer: Partial<RunObserver> = {},
    drain = NEVER,
  ) {
    const text = `
name: found
target: { url: "${server.url}", model: truth }
load: { find: capacity, precision: 20%, start: 100/s }
${more.limits ?? ''}
measure: { warmup: 500ms, duration: 4s }
decide: { slo: ["p90 < 12ms", "errors < 1%"] }
`;
    const engines: Record<'inferometer' | 'autocannon', LoadEngine> = {
      inferometer: engine,
      autocannon: engine,
    };
    return runScenario(scenarioFromText(text, 'found.yaml'), {
      outFolder: folder,
      observer: { ...SILENT, ...observer },
      drain,
      cancel: NEVER,
      engines,
    });
  }

  it('finds it, proves it in a case of its own, keeps every probe, and answers with the interval', async () => {
    const { record, failure, folder: runFolder } = await search({});
    expect(failure).toBeUndefined();
    expect(record.partial).toBe(false);
    const [found] = record.searches ?? [];
    expect(found?.found).toMatchObject({ end: 'precision', broke: 'p90 < 12ms' });
    expect(Math.abs((found?.found.estimate?.requestsPerS ?? 0) / TRUTH - 1)).toBeLessThan(0.1);
    expect(found?.runs.filter(({ kind }) => kind === 'probe').length).toBeGreaterThan(15);
    const [proof, ...others] = record.cases;
    expect(others).toEqual([]);
    expect(proof).toMatchObject({ id: 'load=capacity', load: { label: 'capacity' } });
    expect(proof?.load.resolvedRate).toBe(found?.found.provenPerS);
    expect(record.answer).toMatchObject({
      status: 'recommended',
      capacity: {
        caseId: 'load=capacity',
        requestsPerS: found?.found.provenPerS,
        brokenAtPerS: found?.found.lowestBreachPerS,
      },
    });
    expect(record.answer.capacity?.found?.requestsPerS).toBe(found?.found.estimate?.requestsPerS);
    expect(record.answer.sentence).toMatch(
      /^It holds p90 < 12 ms up to \d+ requests\/s \(90 % interval \d+-\d+\); proven at \d+\/s \(p90 /,
    );
    expect(readRun(runFolder)).toEqual(record);
  });

  it('never offers more than limits.maxRate, and says that it may hold more', async () => {
    const { record } = await search({ limits: 'limits: { maxRate: 150/s }' });
    expect(Math.max(...(record.searches?.[0]?.runs.map((run) => run.requestsPerS) ?? []))).toBe(150);
    expect(record.answer).toMatchObject({ status: 'recommended', capacity: { requestsPerS: 150 } });
    expect(record.answer.details.join(' ')).toContain('150/s is the highest rate that was allowed');
  });

  it('says so where nothing holds, without a case', async () => {
    const { record } = await search({}, queueEngine(20));
    expect(record).toMatchObject({ partial: false, cases: [], answer: { status: 'none-qualifies' } });
    expect(record.answer.sentence).toBe('It does not hold p90 < 12 ms at any rate that was tried.');
  });

  it('says that the client was the limit', async () => {
    const late = queueEngine(2, ({ load }, result) => {
      if (load.shape !== 'open' || load.requestsPerS <= 200) return result;
      const times = build({ numberOfSignificantValueDigits: 3 });
      for (let index = 0; index < result.counts.ok; index++) times.recordValue(50_000);
      const lateness = encodeIntoCompressedBase64(times);
      return { ...result, histograms: { ...result.histograms, dispatchLag: lateness, response: lateness } };
    });
    const { record } = await search({}, late);
    expect(record.searches?.[0]?.found).toMatchObject({ end: 'client' });
    expect(record.searches?.[0]?.runs.filter(({ clientLimited }) => clientLimited).length).toBeGreaterThan(1);
    expect(record.answer.details.join(' ')).toContain('The load generator was the limit above');
  });

  it('keeps what there is when it is interrupted', async () => {
    const interrupt = new AbortController();
    const onSearchRun: RunObserver['onSearchRun'] = ({ runs }) => {
      if (runs.length === 4) interrupt.abort();
    };
    const { record } = await search({}, queueEngine(2), { onSearchRun }, interrupt.signal);
    expect(record).toMatchObject({ partial: true, cases: [], answer: { status: 'unfinished' } });
    const [found] = record.searches ?? [];
    expect(found?.runs).toHaveLength(4);
    expect(found?.found.end).toBeUndefined();
    expect(found?.found.highestPassPerS).toBeGreaterThan(100);
    expect(record.answer.details.join(' ')).toContain('So far probes held up to');
  });
});
