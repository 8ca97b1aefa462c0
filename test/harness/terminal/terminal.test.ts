import { describe, expect, test } from 'vitest';
import { dryRunPlan } from '../../../harness/commands/dry-run-plan.ts';
import { findingsOf } from '../../../harness/gates/findings.ts';
import { isMissing } from '../../../harness/record/figures.ts';
import { closedCases } from '../../../harness/run/plan/plan.ts';
import { loadScenario } from '../../../harness/scenario/load-file.ts';
import { closingLines } from '../../../harness/terminal/closing.ts';
import { dryRunText } from '../../../harness/terminal/dry-run.ts';
import { formatSeconds } from '../../../harness/terminal/format.ts';
import { labelled, linesOf, WIDTH } from '../../../harness/terminal/layout.ts';
import { progressObserver } from '../../../harness/terminal/progress.ts';
import { settingsTable } from '../../../harness/terminal/results-table.ts';
import { plantRecord, plantWinner } from '../../support/planted-records.ts';

function expectNarrow(lines: readonly string[]): void {
  for (const line of lines.flatMap((one) => one.split('\n')))
    expect(line.length, line).toBeLessThanOrEqual(WIDTH);
}

describe('results table', () => {
  test('one line a setting; the chosen one is marked, overload is a word', () => {
    const lines = settingsTable(plantWinner());
    expectNarrow(lines);
    expect(lines.find((line) => line.startsWith('>'))).toMatch(/^> +32 +0ms +1,430 +12 +24 +44/);
    expect(lines.filter((line) => /\bover\b/.test(line)).length).toBeGreaterThan(1);
    expect(lines.at(-1)).toMatch(/^over = /);
  });

  test('a long ladder is one line a case', () => {
    const shares = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
    const record = plantRecord({
      steps: Object.fromEntries(shares.map((share) => [`${share}%`, share * 10])),
      settings: [{ axes: {}, saturation: 1000, p99: shares.map(() => '20 18-22') }],
    });
    const lines = settingsTable(record);
    expectNarrow(lines);
    expect(lines.filter((line) => /^.{0,12}\d+%/.test(line))).toHaveLength(10);
    expect(lines.find((line) => line.startsWith('>'))).toMatch(/100% +1,000 +\S+ +20/);
  });
});

describe('closing', () => {
  test('answer, notes, next steps, tally; the last line is the report', () => {
    const lines = closingLines(plantWinner(), 'results/x/report.html', 91);
    expect(lines.join('\n')).toContain('npx inferometer cost results/latest --traffic');
    expectNarrow(lines);
    expect(lines.join('\n')).toMatch(/ANSWER {5}Serve it with batch 32/);
    expect(lines.at(-1)).toBe('  report  results/x/report.html   1 min 31 s');
    expect(lines.at(-2)).toMatch(/^ {2}20 cases: .*valid.*overloaded.*failed requests$/);
  });

  test('where requests failed the tally points to the note that says which and why', () => {
    const record = plantRecord({
      steps: { '40%': 572 },
      settings: [{ axes: { batch: '1' }, saturation: 260, p99: ['refused'] }],
    });
    const lines = closingLines({ ...record, notices: findingsOf(record) }, undefined, 3);
    expect(lines.join('\n')).toContain('1,248 requests failed: 1,248 of 2,288');
    expect(lines.at(-1)).toMatch(/1,248 failed requests, see the note$/);
    expectNarrow(lines);
  });

  test('one case of two is one case', () => {
    const record = plantWinner();
    const partial = { ...record, partial: true, cases: record.cases.slice(0, 1) };
    expect(closingLines(partial, undefined, 3).at(-1)).toMatch(
      /^ {2}1 of 20 cases, partial: 1 valid · 0 failed requests/,
    );
  });

  test('a run without an SLO is asked for no answer', () => {
    const record = plantRecord({
      steps: { '10%': 100 },
      settings: [{ axes: {}, saturation: 1000, p99: ['20'] }],
      decide: { slo: [] },
    });
    const status = { ...record.answer, status: 'not-asked' as const };
    expect(closingLines({ ...record, answer: status }, 'r', 1).join('\n')).not.toContain('ANSWER');
  });
});

describe('dry run', () => {
  const text = (name: string, ...set: string[]) => {
    const scenario = loadScenario(name, { set });
    return dryRunText(scenario, dryRunPlan(scenario, 'no-such-folder'));
  };

  test('cases, time, what was skipped', () => {
    const said = text('batching');
    expectNarrow(said.split('\n'));
    expect(said).toContain('20 = 5 saturation (closed loop) + 15 at a rate (open loop), over 5 settings');
    expect(said).toContain('1 min 20 s measured');
    expect(said).toMatch(/skipped +batch 1 · delay 2ms; batch 1 · delay 10ms/);
  });

  test('what will happen to the server, and in which cases', () => {
    const said = text('rollout');
    expectNarrow(said.split('\n'));
    expect(said).toMatch(/events +model.load version 2 at 3 s \(rollout to 2 and back\);/);
    expect(said.replaceAll(/\s+/g, ' ')).toContain('split.set 1: 90%, 2: 10% at 10 s');
  });

  test('a percentile without its samples says how long would do', () => {
    const scenario = loadScenario('smoke', {});
    const plan = dryRunPlan(scenario, 'no-such-folder');
    const at = (requestsPerS: number) =>
      dryRunText(scenario, {
        ...plan,
        loads: [{ label: '30%', requestsPerS, peakPerS: requestsPerS, measuredS: 2 }],
      });
    expect(at(100)).toMatch(/p99 at 30% +459 +200 +no: left out; measure.duration 5s would do/);
    expect(at(300)).toMatch(/p99 at 30% +459 +600 +ok, wide interval/);
    expect(at(3000)).toMatch(/p99 at 30% +459 +6,000 +ok\n/);
  });
});

test('a dry run until a percentile is precise: how often it looks, how long at most', () => {
  const set = ['decide.gates=[]', 'load={ poisson: { rate: 50/s } }', 'measure.stop={ of: p95 }'];
  const scenario = loadScenario('smoke', { set: [...set, 'measure.warmup=1s', 'measure.duration=4s'] });
  const said = dryRunText(scenario, dryRunPlan(scenario, 'no-such-folder'));
  expectNarrow(said.split('\n'));
  expect(said).toMatch(/time +at most .*1 min measured/);
  expect(said).toMatch(
    /when p95 is known to ±5 %, looked at 13 times from 4 s on;\s+after 1 min\s+at\s+the latest/,
  );
  expect(said).toMatch(/p99.9 at 50\/s +4,603 +3,000 +no: left out; measure.stop.maxDuration 93s would do/);
});

test('a dry run of a changing rate: its words, its own length, its peak', () => {
  const set = [
    'decide.gates=[]',
    'load={stages: [{hold: 10/s, for: 60s}, {jump: 40/s, for: 60s}]}',
    'warmup=1s',
  ];
  const scenario = loadScenario('smoke', { set });
  const said = dryRunText(scenario, dryRunPlan(scenario, 'no-such-folder'));
  expectNarrow(said.split('\n'));
  expect(said).toMatch(/rates +hold 10\/s for 60 s, jump to 40\/s for 60 s; poisson arrivals/);
  expect(said).toMatch(/about 3,010 requests,\s+at most 40\/s/);
  expect(said).toContain('2 min measured');
  expect(said).toMatch(/p99.9 at stages +4,603 +3,000 +no: left out; --trials 2 would do/);
});

describe('progress', () => {
  const watch = (isTTY: boolean) => {
    let written = '';
    const observer = progressObserver({ isTTY, columns: WIDTH, write: (text) => (written += text) });
    return { observer, written: () => written };
  };
  const position = { index: 3, of: 20, remainingS: 29 };
  const [measured] = plantWinner().cases.filter(({ load }) => load.shape !== 'closed');
  const [planned] = closedCases(loadScenario('batching', {}));
  if (measured === undefined || planned === undefined) throw new Error('nothing planted');

  test('elsewhere than on a terminal: a line a case, and nothing that redraws', () => {
    const { observer, written } = watch(false);
    observer.onTrialStart(planned, position);
    observer.onCase(measured, position);
    const p99 = measured.latencyMs.response.p99;
    expect(isMissing(p99)).toBe(false);
    expect(written()).toMatch(/^ {2}4\/20 {2}batch 1 · delay 0ms · 10% +\d+ rows\/s +p99 16 ms +valid\n$/);
  });

  test('when and how a trial stopped stands below its line', () => {
    const { observer, written } = watch(false);
    const stopped = {
      reason: 'max-duration',
      of: 'p99',
      asked: 0.05,
      precision: 0.0712,
      atS: 60,
      looks: 14,
    } as const;
    observer.onCase(
      { ...measured, trials: measured.trials.map((trial) => ({ ...trial, stopped })) },
      position,
    );
    expectNarrow(written().split('\n'));
    expect(written()).toContain('\n        p99 ±7.12 % after 60 s, the longest allowed\n');
  });

  test('a long name is cut, so that the line stays in its width', () => {
    const { observer, written } = watch(false);
    const credibility = { status: 'connection-limited' as const, reasons: [] };
    observer.onCase({ ...measured, axes: { shape: 'x'.repeat(80), load: '10%' }, credibility }, position);
    expectNarrow(written().split('\n'));
    expect(written()).toContain('…');
  });

  test('on a terminal: two lines drawn over and over, gone when the case is done', () => {
    const { observer, written } = watch(true);
    const progress = { phase: 'measure', atS: 1, ok: 9, notOk: 0, requestsPerS: 260 } as const;
    observer.onTrialStart(planned, position);
    observer.onProgress(planned, { ...progress, responseP50Ms: 10.8, responseP99Ms: 24 }, position);
    observer.onCase(measured, position);
    expect(written()).toContain('] 4/20  batch 1 · delay 0ms · saturation  29 s left\n');
    expect(written()).toContain('  measure  260/s   p50 11 ms   p99 24 ms   errors 0\n');
    const drawn = written().split('\n').length - 1;
    expect(written().split('\u001b[1A\u001b[2K').length - 1).toBe(drawn);
  });
});

test('durations and wrapping', () => {
  expect([0.4, 29, 60, 91].map(formatSeconds)).toEqual(['0 s', '29 s', '1 min', '1 min 31 s']);
  expect(linesOf('one two three', 7)).toEqual(['one two', 'three']);
  expect(linesOf('a 0123456789 b', 7)).toEqual(['a', '0123456', '789 b']);
});

test('a label never runs into its text', () => {
  expect(labelled('AB', 'text', 3)).toBe('  AB text');
  expect(labelled('ABC', 'text', 3)).toBe('  ABC\n     text');
});
