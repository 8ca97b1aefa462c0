import { costsOfCase } from '../../harness/cost/cost.ts';
import type { Price } from '../../harness/cost/price-book.ts';
import { promiseKept } from '../../harness/gates/budget.ts';
import { expressionsOf, recommend } from '../../harness/gates/recommend.ts';
import type { CaseRecord } from '../../harness/record/case-record.ts';
import { type DecideRecord, FORMAT_VERSION, type RunRecord } from '../../harness/record/run-record.ts';
import { type Cell, plantCase } from './planted-case.ts';

/** One row of the table: a setting, what it carries in the closed pass, and one cell a ladder step. */
export interface PlantedSetting {
  readonly axes: Readonly<Record<string, string>>;
  /** ok requests/s of the closed pass. */
  readonly saturation: number;
  /** One cell per step, see `Cell`: `'44 40-49'`, `'over'`, `'few'`, `'limited 44 40-49'`. */
  readonly p99: readonly Cell[];
  readonly meanBatch?: number;
  /** Rows per request. */
  readonly rows?: number;
}

export interface PlantedTable {
  readonly name?: string;
  readonly question?: string;
  /** Load label -> offered requests/s. */
  readonly steps: Readonly<Record<string, number>>;
  readonly settings: readonly PlantedSetting[];
  readonly decide?: Partial<DecideRecord>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, unknown>>;
}

/**
 * A valid run record from a table of figures, consistent in itself: counts are conserved, a batch histogram
 * sums to its rows, a histogram has the percentiles beside it; priced and answered by the program's own functions.
 * Every setting gets a closed pass and one case a step.
 */
export function plantRecord(table: PlantedTable): RunRecord {
  const best = Math.max(...table.settings.map((setting) => setting.saturation));
  const decide = { ...DECIDE, ...table.decide };
  const slo = expressionsOf(decide.slo);
  const cases = table.settings
    .flatMap((setting) => casesOf(setting, table.steps, best))
    .map((one) => ({
      ...one,
      cost: costsOfCase(one, PRICE, 'assumed-same-throughput', promiseKept(one, slo)),
    }));
  const scenario = scenarioOf(table, cases.length);
  return {
    formatVersion: FORMAT_VERSION,
    tool: { name: 'inferometer', version: '0.1.0' },
    id: `2026-11-21T0926-${table.name ?? 'batching'}-k3f9`,
    startedAt: '2026-11-21T09:26:00.000Z',
    finishedAt: '2026-11-21T09:27:31.000Z',
    partial: false,
    scenario,
    decide,
    environment: { ...(table.environment ?? ENVIRONMENT) },
    labels: { ...table.labels },
    notices: [],
    answer: recommend({ decide, cases, scenario }),
    cases,
  };
}

const PRICE: Price = {
  machine: {
    name: 'aws/c7i.large',
    region: 'us-east-1',
    vcpus: 2,
    memoryGib: 4,
    usdPerHour: { 'on-demand': 0.08925 },
    asOf: '2026-07-20',
    source: 'a price list',
  },
  term: 'on-demand',
  usdPerHour: 0.08925,
};

const DECIDE: DecideRecord = {
  slo: ['p99 < 50ms', 'errors < 0.1%'],
  recommend: { maximize: 'capacity', tieBreak: 'lowest p99' },
  price: { machine: 'auto', term: 'on-demand' },
  gates: [],
};

const ENVIRONMENT = {
  cpuModel: 'AMD EPYC',
  cpuCores: 2,
  memoryGiB: 8,
  node: '20.20.0',
  platform: 'linux x64',
  gpu: { missing: 'no NVIDIA driver library found (libnvidia-ml.so.1)' },
};

function casesOf(
  setting: PlantedSetting,
  steps: Readonly<Record<string, number>>,
  best: number,
): CaseRecord[] {
  const shared = {
    rowsPerRequest: setting.rows ?? 1,
    meanBatch: setting.meanBatch ?? 1,
    saturation: setting.saturation,
  };
  const closed = plantCase({
    ...shared,
    axes: { ...setting.axes, load: 'saturation' },
    cell: 'closed',
    bestRate: best,
  });
  const ladder = Object.entries(steps).map(([label, rate], step) =>
    plantCase({
      ...shared,
      axes: { ...setting.axes, load: label },
      cell: setting.p99[step] ?? 'few',
      rate,
      bestRate: best,
    }),
  );
  return [closed, ...ladder];
}

function scenarioOf(table: PlantedTable, plannedCases: number): RunRecord['scenario'] {
  const axes: Record<string, string[]> = {};
  for (const setting of table.settings) {
    for (const [name, label] of Object.entries(setting.axes)) {
      const labels = axes[name] ?? [];
      if (!labels.includes(label)) labels.push(label);
      axes[name] = labels;
    }
  }
  return {
    name: table.name ?? 'batching',
    question: table.question ?? 'Which batch size and queue delay should this model be served with?',
    hash: '0123456789abcdef',
    text: 'name: batching\n',
    axes,
    loadLabels: ['saturation', ...Object.keys(table.steps)],
    plannedCases,
    skipped: [],
    seed: 7,
    model: 'recommender',
  };
}

const STEPS = { '10%': 143, '40%': 572, '75%': 1072 };

/** Batch 32 without delay carries most: 1,072/s, 7.5 times what batch 1 holds. */
export function plantWinner(): RunRecord {
  return plantRecord({
    steps: STEPS,
    settings: [
      { axes: { batch: '1', delay: '0ms' }, saturation: 260, p99: ['16', 'over', 'over'], meanBatch: 1 },
      {
        axes: { batch: '8', delay: '0ms' },
        saturation: 905,
        p99: ['12', '38 35-42', 'over'],
        meanBatch: 5.8,
      },
      {
        axes: { batch: '8', delay: '2ms' },
        saturation: 890,
        p99: ['15', '41 37-46', 'over'],
        meanBatch: 6.3,
      },
      {
        axes: { batch: '32', delay: '0ms' },
        saturation: 1430,
        p99: ['12', '24', '44 40-49'],
        meanBatch: 14.9,
      },
      {
        axes: { batch: '32', delay: '2ms' },
        saturation: 1395,
        p99: ['14', '26', '47 43-52'],
        meanBatch: 16.2,
      },
    ],
  });
}

/** Two settings hold the same step and their intervals overlap. */
export function plantTie(): RunRecord {
  return plantRecord({
    steps: STEPS,
    settings: [
      {
        axes: { batch: '8', delay: '0ms' },
        saturation: 905,
        p99: ['12', '38 35-42', 'over'],
        meanBatch: 5.8,
      },
      {
        axes: { batch: '32', delay: '0ms' },
        saturation: 1430,
        p99: ['12', '24', '44 40-48'],
        meanBatch: 14.9,
      },
      {
        axes: { batch: '32', delay: '2ms' },
        saturation: 1395,
        p99: ['14', '26', '45 41-49'],
        meanBatch: 16.2,
      },
    ],
  });
}

/** The promise is out of reach at every rate, though no setting is overloaded at the lowest. */
export function plantNoneQualifies(): RunRecord {
  return plantRecord({
    steps: STEPS,
    decide: { slo: ['p99 < 10ms', 'errors < 0.1%'] },
    settings: [
      { axes: { batch: '1', delay: '0ms' }, saturation: 260, p99: ['16', 'over', 'over'], meanBatch: 1 },
      { axes: { batch: '32', delay: '0ms' }, saturation: 1430, p99: ['12', '24', '44'], meanBatch: 14.9 },
    ],
  });
}

/** Every setting is overloaded at every step. */
export function plantAllOverloaded(): RunRecord {
  return plantRecord({
    steps: { '200/s': 200, '400/s': 400 },
    settings: [
      { axes: { batch: '1', delay: '0ms' }, saturation: 90, p99: ['over', 'over'], meanBatch: 1 },
      { axes: { batch: '32', delay: '0ms' }, saturation: 140, p99: ['over', 'over'], meanBatch: 20 },
    ],
  });
}
