import { expect, test } from 'vitest';
import type { CaseRecord } from '../../../../harness/record/case-record.ts';
import type { RunRecord } from '../../../../harness/record/run-record.ts';
import { caseNotices } from '../../../../harness/run/cases/case-notices.ts';
import { generatorNotices, hostNotices } from '../../../../harness/run/cases/host-notices.ts';
import { plantWinner } from '../../../support/planted-records.ts';

/** A calm run, and the same with its first cases changed. */
function runWith(...changes: Partial<CaseRecord>[]): RunRecord {
  const record = plantWinner();
  return { ...record, cases: record.cases.map((one, index) => ({ ...one, ...changes[index] })) };
}

/** A host metric that reads the same every second of a case of four. */
function host(metric: string, value: number): Pick<CaseRecord, 'readings'> {
  return {
    readings: { host: { [metric]: { unit: '%', atS: [0, 1, 2, 3, 4], values: Array(5).fill(value) } } },
  };
}

const LIMITED: Pick<CaseRecord, 'credibility'> = { credibility: { status: 'client-limited', reasons: [] } };
const ids = (notices: readonly { id: string }[]) => notices.map(({ id }) => id);
const [first, second] = plantWinner().cases.map(({ id }) => id);

test('a calm machine is not worth a word', () => {
  expect(hostNotices(runWith(host('stealPct', 1.9), host('throttledPct', 0.9)))).toEqual([]);
});

test('steal is said from 2 % of a case on, with the worst case and all of them', () => {
  const [found] = hostNotices(runWith(host('stealPct', 2.5), host('stealPct', 7)));
  expect(found).toMatchObject({ id: 'steal', caseIds: [first, second] });
  expect(found?.message).toContain('7.0 %');
});

test('pressure is said only where the client suffered', () => {
  const busy = host('cpuPressurePct', 60);
  expect(hostNotices(runWith(busy))).toEqual([]);
  expect(hostNotices(runWith({ ...busy, ...LIMITED }))).toMatchObject([{ id: 'pressure', caseIds: [first] }]);
});

test('a quota is said with the time that it took', () => {
  const record = runWith(host('throttledPct', 25));
  const [found] = hostNotices({ ...record, environment: { cpuQuotaCores: 1.5 } });
  expect(found).toMatchObject({ id: 'cpu-quota', caseIds: [first] });
  expect(found?.message).toContain('1.5 cores held processes back for 1000 ms');
});

test('a longest time that was too short for the precision asked for', () => {
  const [trial] = plantWinner().cases.flatMap(({ trials }) => trials);
  if (trial === undefined) throw new Error('no trial was planted');
  const stopped = { of: 'p99', asked: 0.05, precision: 0.08, atS: 60, looks: 14 };
  const ended = (reason: 'precise' | 'max-duration') => ({
    trials: [{ ...trial, stopped: { ...stopped, reason } }],
  });
  expect(ids(caseNotices(runWith(ended('precise'))))).not.toContain('imprecise');
  const found = caseNotices(runWith(ended('precise'), ended('max-duration'))).find(
    ({ id }) => id === 'imprecise',
  );
  expect(found).toMatchObject({ caseIds: [second] });
  expect(found?.message).toContain('p99 was not known to ±5 % when the longest time was over in 1 case.');
});

test('a governor that is not performance', () => {
  const record = plantWinner();
  const noticed = (cpuGovernor: string) => ids(hostNotices({ ...record, environment: { cpuGovernor } }));
  expect(noticed('powersave')).toEqual(['governor']);
  expect(noticed('performance')).toEqual([]);
});

test('a rate above what the doctor found this machine able to send', () => {
  const record = plantWinner();
  const rates = record.cases.map(({ load }) => load.resolvedRate ?? 0);
  const noticed = (httpPerCorePerS: unknown) =>
    hostNotices({
      ...record,
      environment: {
        doctor: {
          id: 'a',
          at: '',
          httpPerCorePerS,
          grpcPerCorePerS: { missing: 'not measured' },
          httpFloorP50Ms: 0.1,
          httpFloorP99Ms: 0.2,
          sendLagP99Ms: {},
        },
      },
    });
  expect(noticed(Math.max(...rates))).toEqual([]);
  expect(noticed({ missing: 'not measured' })).toEqual([]);
  const [found] = noticed(Math.max(...rates) - 1);
  expect(found).toMatchObject({ id: 'above-ceiling' });
  expect(found?.caseIds?.length).toBe(rates.filter((rate) => rate === Math.max(...rates)).length);
});

test('pauses of the generator, and clocks that drift', () => {
  const calm = {
    gc: { count: 3, totalMs: 4, longestMs: 2 },
    clock: { monotonicMs: 5000, wallMs: 5004 },
    eventLoopUtilization: 0.9,
  };
  expect(generatorNotices([{ caseId: 'a', result: calm }])).toEqual([]);
  const paused = { ...calm, gc: { count: 2, totalMs: 30, longestMs: 21 } };
  const drifted = { ...calm, clock: { monotonicMs: 5000, wallMs: 4988 } };
  const found = generatorNotices([
    { caseId: 'a', result: calm },
    { caseId: 'b', result: paused },
    { caseId: 'b', result: paused },
    { caseId: 'c', result: drifted },
    { caseId: 'd', result: { ...calm, eventLoopUtilization: 0.97 } },
  ]);
  expect(found).toMatchObject([
    { id: 'gc', caseIds: ['b'], message: expect.stringContaining('4 times, 21.0 ms') },
    { id: 'clock-drift', caseIds: ['c'], message: expect.stringContaining('12.0 ms') },
    { id: 'elu-high', caseIds: ['d'], message: expect.stringContaining('97 %') },
  ]);
});

test('a case that the client limited is counted and named', () => {
  expect(caseNotices(runWith(LIMITED, LIMITED))).toMatchObject([
    { id: 'client-limited', caseIds: [first, second], message: expect.stringContaining('2 cases') },
  ]);
});

test('what was seen beside a client that was the limit is named with it, once', () => {
  const steal = { id: 'steal', message: 'other virtual machines took 9 % of the CPU time' } as const;
  const gc = { id: 'gc', message: 'garbage collection paused the generator for up to 9.0 ms' } as const;
  const limitedBy = (...causes: (typeof steal | typeof gc)[]) => ({
    credibility: { status: 'client-limited' as const, reasons: [], causes },
  });
  const [found] = caseNotices(runWith(limitedBy(steal), limitedBy(steal, gc)));
  expect(found?.message).toMatch(
    /Seen meanwhile: other virtual machines on this host; garbage collection in the generator\.$/,
  );
});

test('what stands between generator and server is told as it says itself', () => {
  const [one] = plantWinner().cases;
  const answering = (more: Record<string, unknown>) =>
    runWith({
      target: { kind: 'external', requested: {}, effective: { ...one?.target.effective, ...more } },
    });
  expect(ids(caseNotices(answering({})))).not.toContain('proxy');
  expect(caseNotices(answering({ via: '1.1 varnish' }))).toContainEqual(
    expect.objectContaining({ id: 'proxy', message: expect.stringContaining('"Via: 1.1 varnish"') }),
  );
});

test('histograms that nobody freed are a notice', () => {
  const counters = (undestroyedHistograms: number) => ({
    bugCounters: { negativeTimes: 0, undestroyedHistograms },
  });
  expect(caseNotices(runWith(counters(0)))).toEqual([]);
  expect(caseNotices(runWith(counters(0), counters(2)))).toMatchObject([
    { id: 'histogram-leak', caseIds: [second], message: '2 histograms never freed.' },
  ]);
});

test('an abort rule is named once', () => {
  const event = { events: [{ atS: 1.2, message: 'abort rule: errors > 5% for 1s' }] };
  expect(caseNotices(runWith(event, event))).toMatchObject([
    {
      id: 'aborted',
      caseIds: [first, second],
      message: 'Stopped early by limits.abort: errors > 5% for 1s.',
    },
  ]);
});

test('counts that disagree: a notice for a server of somebody else, nothing about ours', () => {
  const [one] = plantWinner().cases;
  if (one === undefined) throw new Error('no case');
  const more = { serverArrivals: one.counts.sent + one.warmupCounts.sent + 5 };
  expect(caseNotices(runWith(more))).toEqual([]);
  const external = { ...more, target: { ...one.target, kind: 'external' as const } };
  expect(caseNotices(runWith(external))).toMatchObject([{ id: 'server-count-mismatch', caseIds: [first] }]);
});

test("Little's law, off by more than 5 %", () => {
  const law = (ratio: number) => ({ littlesLaw: { concurrency: 32, implied: 32 * ratio, ratio } });
  expect(caseNotices(runWith(law(1.04)))).toEqual([]);
  const [found] = caseNotices(runWith(law(1.06), law(0.9)));
  expect(found).toMatchObject({ id: 'littles-law', caseIds: [first, second] });
  expect(found?.message).toContain('off by 10 %');
});

test('which provider ran is said where a GPU was there to choose, and the choice was left open', () => {
  const [one] = plantWinner().cases;
  const ran = (provider: string, providerRan: string) =>
    runWith({
      target: {
        kind: 'reference',
        requested: { provider },
        effective: { ...one?.target.effective, providerRan },
      },
    });
  const withGpu = { gpus: [{ index: 0, name: 'GPU' }] };
  expect(caseNotices(ran('auto', 'cpu'))).toEqual([]);
  expect(ids(caseNotices(ran('auto', 'webgpu')))).toEqual(['provider-ran']);
  expect(ids(caseNotices({ ...ran('auto', 'cpu'), environment: withGpu }))).toEqual(['provider-ran']);
  expect(caseNotices({ ...ran('cpu', 'cpu'), environment: withGpu })).toEqual([]);
});
