import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Recorder, type Recording } from '../../../harness/measure/recorder.ts';
import type { RequestFacts } from '../../../harness/measure/request-facts.ts';
import { windowLengthMs } from '../../../harness/measure/windows.ts';
import { Histogram, liveHistograms } from '../../../harness/statistics/histogram.ts';
import type { Outcome } from '../../../harness/transports/transport.ts';

/** Warm-up 1 s, measure 3 s, from 0. */
const EDGES = { warmupAtMs: 0, measureAtMs: 1000, measureEndAtMs: 4000 };

const recorder = (changes = {}) =>
  new Recorder({ edges: EDGES, windowMs: 1000, goodWithinMs: 50, ...changes });

function facts(intendedAtMs: number, changes: Partial<RequestFacts> = {}): RequestFacts {
  const dispatchedAtMs = intendedAtMs + 1;
  return {
    intendedAtMs,
    dispatchedAtMs,
    sentAtMs: dispatchedAtMs + 2,
    doneAtMs: intendedAtMs + 10,
    outcome: 'ok',
    rows: 2,
    requestClass: 0,
    ...changes,
  };
}

function record(into: Recorder, request: RequestFacts): void {
  into.dispatched(request);
  into.sent(request);
  into.finished(request);
}

function read(
  recording: Recording,
  name: keyof Recording['histograms'],
): { count: number; maxMs: number | undefined } {
  const histogram = Histogram.decode(recording.histograms[name]);
  const { count } = histogram;
  const maxMs = histogram.maxMs();
  histogram.destroy();
  return { count, maxMs };
}

describe('Recorder', () => {
  it('keeps each time by its definition', () => {
    const into = recorder();
    record(into, facts(1500, { dispatchedAtMs: 1501, sentAtMs: 1503, doneAtMs: 1510 }));
    const recording = into.close(5000);
    const maxima = { response: 10, service: 7, sendLag: 3, dispatchLag: 1, connectionWait: 2 };
    const without = { responseLessDispatchLag: 9, responseLessConnectionWait: 8, allOutcomes: 10 };
    for (const [name, maxMs] of Object.entries({ ...maxima, ...without })) {
      const { count, maxMs: found } = read(recording, name as keyof Recording['histograms']);
      expect([name, count]).toEqual([name, 1]);
      expect(found).toBeCloseTo(maxMs, 1);
    }
  });

  it('attributes a request to the phase of its intended instant, a completion to that of its end', () => {
    const into = recorder();
    record(into, facts(999.9, { doneAtMs: 1005 }));
    record(into, facts(1000, { doneAtMs: 1010 }));
    record(into, facts(3999.9, { doneAtMs: 4000 }));
    const { counts, warmupCounts, completedInPhase, rows, histograms } = into.close(5000);
    expect([counts.ok, warmupCounts.ok, rows]).toEqual([2, 1, 4]);
    expect(completedInPhase).toEqual({ requests: 2, rows: 4, allOutcomes: 2 });
    expect(read({ histograms } as Recording, 'response').count).toBe(2);
  });

  it('lets only ok requests into latencies, and all finished ones into allOutcomes', () => {
    const into = recorder();
    for (const outcome of ['ok', 'timeout', 'http-5xx', 'wrong-answer'] as const)
      record(into, facts(1500, { outcome }));
    const recording = into.close(5000);
    const counts = ['response', 'service', 'allOutcomes', 'sendLag'].map(
      (name) => read(recording, name as keyof Recording['histograms']).count,
    );
    expect(counts).toEqual([1, 1, 4, 4]);
    expect(recording.counts).toMatchObject({ ok: 1, timedOut: 1, failed: 2, sent: 4, scheduled: 4 });
  });

  it('counts as good what was answered within the deadline', () => {
    const into = recorder();
    for (const tookMs of [49, 50, 51]) record(into, facts(1500, { doneAtMs: 1500 + tookMs }));
    expect(into.close(5000).goodRows).toBe(4);
    const without = recorder({ goodWithinMs: undefined });
    expect(without.close(5000).goodRows).toBeUndefined();
  });

  it('counts the rows of each request, so that requests and rows differ honestly', () => {
    const into = recorder();
    for (const [at, rows] of [
      [1500, 1],
      [1600, 8],
      [1700, 8],
    ] as const)
      record(into, facts(at, { rows }));
    record(into, facts(1800, { rows: 100, outcome: 'reset' }));
    const { rows, goodRows, completedInPhase, windows } = into.close(5000);
    expect([rows, goodRows, completedInPhase.rows, completedInPhase.requests]).toEqual([17, 17, 17, 3]);
    expect(windows.find(({ startMs }) => startMs === 0)?.rows).toBe(17);
  });

  it('adds up what the bodies of ok requests of the measure phase carry', () => {
    const into = recorder();
    record(into, facts(500, { bytesOut: 1, bytesIn: 1 }));
    record(into, facts(1500, { bytesOut: 100, bytesIn: 7 }));
    record(into, facts(1600, { bytesOut: 300, bytesIn: 8 }));
    record(into, facts(1700, { bytesOut: 9, bytesIn: 9, outcome: 'reset' }));
    expect(into.close(5000).bodyBytes).toEqual({ sent: 400, received: 15 });
  });

  it('tells a negative time as the bug that it is', () => {
    const into = recorder();
    record(into, facts(1500, { doneAtMs: 1499 }));
    expect(into.close(5000).clamped.negative).toBeGreaterThan(0);
  });

  it('ends the measure phase early without moving requests into another', () => {
    const into = recorder();
    record(into, facts(1500));
    into.endMeasure(2000);
    record(into, facts(1990, { doneAtMs: 2100 }));
    const { counts, completedInPhase, windows } = into.close(2200);
    expect([counts.ok, completedInPhase.requests]).toEqual([2, 1]);
    expect(windows.map(({ phase, startMs, endMs }) => [phase, startMs, endMs])).toEqual([
      ['warmup', -1000, 0],
      ['measure', 0, 1000],
      ['drain', 1000, 1200],
    ]);
  });

  it('conserves requests, whatever happens to them', () => {
    const fate = fc.constantFrom<Outcome | 'unsent' | 'left'>(
      'ok',
      'timeout',
      'reset',
      'cancelled',
      'unsent',
      'left',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3999), fate), { maxLength: 60 }), (events) => {
        const into = recorder();
        for (const [at, outcome] of events.sort(([a], [b]) => a - b)) {
          if (outcome === 'unsent') into.unsent(at, 0);
          else if (outcome === 'left') {
            into.dispatched(facts(at));
            into.leftInFlight(facts(at));
          } else record(into, facts(at, { outcome }));
        }
        const { counts, warmupCounts, windows } = into.close(5000);
        expect(counts.scheduled + warmupCounts.scheduled).toBe(events.length);
        for (const { sent, unsent, scheduled, ok, failed, timedOut, cancelled, inFlightAtEnd } of [
          counts,
          warmupCounts,
        ]) {
          expect(scheduled).toBe(sent + unsent);
          expect(sent).toBe(ok + failed + timedOut + cancelled + inFlightAtEnd);
        }
        expect(windows.reduce((sum, { arrivals }) => sum + arrivals, 0)).toBe(events.length);
        const finished = events.filter(([, outcome]) => outcome !== 'unsent' && outcome !== 'left').length;
        expect(windows.reduce((sum, { ok, notOk }) => sum + ok + notOk, 0)).toBe(finished);
      }),
    );
  });

  it('frees its histograms', () => {
    const before = liveHistograms();
    recorder().close(5000);
    recorder({ classes: ['a', 'b'] }).close(5000);
    expect(liveHistograms()).toBe(before);
  });
});

describe('classes', () => {
  it('are counted apart and sum to the whole, with histograms of their own', () => {
    const into = recorder({ classes: ['small', 'big'] });
    for (let at = 0; at < 3000; at += 100) {
      const requestClass = at % 300 === 0 ? 1 : 0;
      const outcome = at % 700 === 0 ? ('timeout' as const) : ('ok' as const);
      if (at % 1100 === 0) into.unsent(at, requestClass);
      else if (at === 2900) {
        into.dispatched(facts(at, { requestClass }));
        into.leftInFlight(facts(at, { requestClass }));
      } else record(into, facts(at, { requestClass, outcome, rows: requestClass === 1 ? 8 : 1 }));
    }
    const { classes = {}, counts, warmupCounts, rows, histograms } = into.close(5000);
    const all = Object.values(classes);
    expect(Object.keys(classes)).toEqual(['small', 'big']);
    for (const name of ['scheduled', 'sent', 'unsent', 'ok', 'timedOut', 'inFlightAtEnd'] as const) {
      expect(all.reduce((sum, one) => sum + one.counts[name], 0)).toBe(counts[name]);
      expect(all.reduce((sum, one) => sum + one.warmupCounts[name], 0)).toBe(warmupCounts[name]);
    }
    expect(all.reduce((sum, one) => sum + one.rows, 0)).toBe(rows);
    const counted = all.map(
      ({ response }) => read({ histograms: { response } } as Recording, 'response').count,
    );
    expect(counted).toEqual(all.map((one) => one.counts.ok));
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(
      read({ histograms } as Recording, 'response').count,
    );
  });

  it('are not there without a mix', () => {
    expect(recorder().close(5000).classes).toBeUndefined();
  });
});

describe('windows', () => {
  it('count an arrival by its intended instant and a completion by its end', () => {
    const into = recorder();
    record(into, facts(1900, { doneAtMs: 2100 }));
    into.unsent(1950, 0);
    record(into, facts(2950, { doneAtMs: 2960, outcome: 'reset' }));
    const windows = into.close(4500).windows.filter(({ phase }) => phase === 'measure');
    expect(windows.map(({ arrivals, ok, notOk, rows }) => [arrivals, ok, notOk, rows])).toEqual([
      [2, 0, 0, 0],
      [1, 1, 1, 2],
      [0, 0, 0, 0],
    ]);
    const response = Histogram.decode(windows[1]?.response ?? '');
    expect(response.count).toBe(1);
    expect(response.maxMs()).toBeCloseTo(200, 0);
    response.destroy();
  });

  it('take a late arrival back to its own window', () => {
    const into = recorder();
    record(into, facts(3500));
    into.unsent(200, 0);
    expect(into.close(4000).windows[0]).toMatchObject({ phase: 'warmup', arrivals: 1 });
  });

  it('are cut at the edges of phases, and shortened where a phase is no multiple', () => {
    const edges = { warmupAtMs: 0, measureAtMs: 700, measureEndAtMs: 2100 };
    const into = recorder({ edges, windowMs: 500 });
    record(into, facts(2000, { doneAtMs: 2650 }));
    const spans = into.close(2700).windows.map(({ phase, startMs, endMs }) => [phase, startMs, endMs]);
    expect(spans).toEqual([
      ['warmup', -700, -500],
      ['warmup', -500, 0],
      ['measure', 0, 500],
      ['measure', 500, 1000],
      ['measure', 1000, 1400],
      ['drain', 1400, 1900],
      ['drain', 1900, 2000],
    ]);
  });

  it('grow by doubling, so that a long run has at most 600', () => {
    expect(windowLengthMs(1000, 600_000)).toBe(1000);
    expect(windowLengthMs(1000, 600_001)).toBe(2000);
    expect(windowLengthMs(1000, 86_400_000)).toBe(256_000);
  });
});
