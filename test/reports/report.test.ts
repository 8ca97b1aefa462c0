import { beforeAll, describe, expect, it } from 'vitest';
import type { CaseRecord } from '../../harness/record/case-record.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { at } from '../../reports/figures.ts';
import { commonLoad, inScenarioOrder, latencyPromise } from '../../reports/views.ts';
import { plantAllOverloaded, plantNoneQualifies, plantTie, plantWinner } from '../support/planted-records.ts';
import { plantReportRecord } from '../support/planted-report-record.ts';
import { reportOf } from '../support/report-page.ts';

const record = plantReportRecord();
let report = '';
beforeAll(async () => {
  report = await reportOf(record);
});

describe('the report of a batching run', () => {
  it('is one file below a megabyte that names nothing outside itself', () => {
    expect(report.length).toBeLessThan(1_000_000);
    expect(report).not.toMatch(/(?:src|href)="(?!#|data:|run\.json)/);
    expect(report).not.toMatch(/url\((?!#)|@import|\beval\b|\sstyle="|\son\w+="/);
    expect(report).toContain('default-src &#39;none&#39;; style-src &#39;sha256-');
  });

  it('says what the measuring itself takes, where the doctor was asked', async () => {
    const doctor = {
      id: 'a',
      at: '2026-11-21T09:00:00Z',
      httpPerCorePerS: 80_000,
      grpcPerCorePerS: { missing: 'not measured' },
      httpFloorP50Ms: 0.06,
      httpFloorP99Ms: { missing: 'too few requests' },
      sendLagP99Ms: { '1000/s': 0.3 },
    };
    const winner = plantWinner();
    const told = await reportOf({ ...winner, environment: { ...winner.environment, doctor } });
    expect(told).toContain(
      'sends up to 80,000/s; a server that does nothing reads p50 0.06 ms and p99 unknown',
    );
    expect(told).toContain('0.3 ms at 1000/s');
    expect(await reportOf(winner)).not.toContain('inferometer doctor');
  });

  it('is the same text each time', async () => {
    expect(await reportOf(plantTie())).toBe(await reportOf(plantTie()));
  });

  it('prints every figure exactly as the record has it', () => {
    const figures = figuresOf(report);
    expect(figures.length).toBeGreaterThan(600);
    for (const { value, caseId, field } of figures) {
      const source = caseId === undefined ? record : record.cases.find(({ id }) => id === caseId);
      expect(source, caseId).toBeDefined();
      expect(Number(value), `${caseId} ${field}`).toBe(at(source ?? {}, field));
    }
  });

  it('prints the text of a figure to within its rounding', () => {
    for (const { value, text, field } of figuresOf(report)) {
      if (field.startsWith('cost.')) continue;
      const exact = Number(value);
      const shown = Number(text.replaceAll(',', ''));
      const unit = 10 ** Math.min(0, Math.floor(Math.log10(Math.abs(exact) || 1)) - 2);
      expect(Math.abs(shown - exact), `${field} ${value} as ${text}`).toBeLessThanOrEqual(unit / 2 + 1e-9);
    }
  });

  it('lists the cases as the scenario does, in whatever order they were measured', () => {
    const shuffled = { ...record, cases: record.cases.toReversed() };
    expect(inScenarioOrder(shuffled).cases.map(({ id }) => id)).toEqual(record.cases.map(({ id }) => id));
  });

  it('shows every case in the table, and each percentile or why there is none', () => {
    for (const one of record.cases) expect(report).toContain(`data-row="${one.id}"`);
    expect(report).toContain('p999 needs 4603 requests, this case has 572');
  });

  it('keeps the figures of an overloaded case out of the percentile columns', () => {
    const over = record.cases.filter(({ credibility }) => credibility.status === 'overloaded');
    for (const one of over) {
      const row = report.slice(report.indexOf(`data-row="${one.id}"`)).split('</tr>')[0] ?? '';
      expect(row).not.toContain('latencyMs.response');
      expect(row.match(/class="over"/g)).toHaveLength(4);
    }
  });
});

describe('the answer', () => {
  it.each([
    ['a winner', plantWinner()],
    ['a tie', plantTie()],
    ['none that qualifies', plantNoneQualifies()],
    ['all overloaded', plantAllOverloaded()],
  ])('of %s is the first sentence, its evidence is the record’s', async (_, planted) => {
    const text = await reportOf(planted);
    const heading = /<h1[^>]*>([^<]*)<\/h1>/.exec(text)?.[1]?.replaceAll('&lt;', '<');
    expect(heading).toBe(planted.answer.sentence);
    const evidence = figuresOf(text).filter(({ field }) => field.startsWith('answer.'));
    expect(evidence.some(({ field }) => field === 'answer.capacity.requestsPerS')).toBe(
      planted.answer.capacity !== undefined,
    );
    for (const { field, value } of evidence) expect(Number(value)).toBe(at(planted, field));
    if (planted.answer.capacity === undefined) expect(text).toContain('there is no price');
  });
});

describe('what a record cannot give', () => {
  it('escapes every name that a user chose', async () => {
    const evil = '<script>alert(1)</script>';
    const planted = plantTie();
    const text = await reportOf({
      ...planted,
      scenario: { ...planted.scenario, name: evil, question: evil, text: evil, model: evil },
      environment: { [evil]: evil },
      labels: { [evil]: evil },
      notices: [{ id: evil, message: evil, advice: evil }],
      answer: { ...planted.answer, sentence: evil, details: [evil], config: { [evil]: evil } },
      cases: planted.cases.map((one) => ({
        ...one,
        id: `${one.id}${evil}`,
        axes: { ...one.axes, batch: evil },
      })),
    });
    expect(text).not.toContain('<script>alert');
    expect(text.match(/<script/g)).toHaveLength(2);
  });

  it('says so for a run without a case', async () => {
    const text = await reportOf({ ...plantWinner(), cases: [], partial: true });
    expect(text).toContain('PARTIAL 0/20');
    expect(text).toContain('All 0 cases');
  });

  it('draws what there is room for, and says what it left out', async () => {
    const many: RunRecord = {
      ...record,
      cases: Array.from({ length: 6 }, (_, copy) => record.cases.map((one) => copied(one, copy))).flat(),
    };
    const text = await reportOf(many);
    expect(text.length).toBeLessThan(1_000_000);
    expect(text).toMatch(/\d+ further cases have no pictures here/);
  });

  it('scales pictures of a GPU from what was read', async () => {
    const text = await reportOf(withGpu({ ...record, cases: record.cases.slice(0, 2) }));
    const field = (name: string) =>
      figuresOf(text).find((figure) => figure.field === `utilization.gpu.0.${name}`)?.value;
    expect([field('utilizationPct'), field('powerW'), field('memoryUsedMiB'), field('smClockMHz')]).toEqual([
      '87',
      '214.5',
      '18432',
      '1695',
    ]);
    expect(text).toContain('throttled: SW power cap');
    for (const watts of [210, 214.5, 219])
      expect(text).toContain(`data-tip="${watts === 214.5 ? '215' : watts} W at`);
  });
});

describe('the common load', () => {
  it('is the highest rate that most settings carry', () => {
    expect(commonLoad(plantWinner())).toBe('40%');
    expect(commonLoad({ ...plantWinner(), cases: [] })).toBeUndefined();
  });
});

it('reads the latency promise of the SLO', () => {
  const promise = (slo: string[]) => latencyPromise({ ...record, decide: { ...record.decide, slo } });
  expect(promise(['errors < 1%', 'p99 < 50ms'])).toEqual({ metric: 'p99', boundMs: 50, text: 'p99 < 50ms' });
  expect(promise(['p99.9 <= 1.5 s'])).toMatchObject({ metric: 'p999', boundMs: 1500 });
  expect(promise(['errors < 1%'])).toBeUndefined();
});

interface PrintedFigure {
  readonly value: string;
  readonly caseId: string | undefined;
  readonly field: string;
  readonly text: string;
}

function figuresOf(text: string): PrintedFigure[] {
  return [
    ...text.matchAll(/<data value="([^"]*)"(?: data-case="([^"]*)")? data-field="([^"]*)">([^<]*)<\/data>/g),
  ].map(([, value = '', caseId, field = '', shown = '']) => ({ value, caseId, field, text: shown }));
}

function copied(one: CaseRecord, copy: number): CaseRecord {
  return { ...one, id: `${one.id},copy=${copy}`, axes: { ...one.axes, copy: String(copy) } };
}

function withGpu(from: RunRecord): RunRecord {
  const device = {
    index: 0,
    name: 'NVIDIA Scripted',
    utilizationPct: 87,
    memoryUsedMiB: 18432,
    memoryTotalMiB: 24576,
    powerW: 214.5,
    smClockMHz: 1695,
    throttleReasons: ['SW power cap'],
  };
  const power = { unit: 'W', atS: [0, 1, 2], values: [210, 214.5, 219] };
  const cases = from.cases.map((one) => ({
    ...one,
    utilization: { ...one.utilization, gpu: [device] },
    readings: { ...one.readings, gpu: { '0.powerW': power } },
  }));
  return { ...from, cases };
}
