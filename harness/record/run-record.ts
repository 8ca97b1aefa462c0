import { z } from 'zod';
import { answer } from './answer.ts';
import { caseRecord } from './case-record.ts';
import { searchRecord } from './search-record.ts';

/**
 * The versioned file between everything: `results/<UTC>-<scenario>-<id>/run.json`.
 * Reports, gates and cost read this and nothing else, so any of them can be redone from disk.
 *
 * Conventions: a unit is in every name (`Ms`, `S`, `PerS`, `MiB`, `Usd`); a figure that could not be had is
 * `{ missing: reason }`, never 0, null or an empty string.
 */
export const FORMAT_VERSION = 1;

const notice = z.object({
  /** Stable id: `shared-host`, `no-gpu`, `timed-from-ask`. */
  id: z.string(),
  message: z.string(),
  advice: z.string(),
  caseIds: z.array(z.string()).optional(),
});
export type NoticeRecord = z.infer<typeof notice>;

/** What a scenario's `decide` asked for, carried in the record so that a report or gate needs no scenario file. */
const decideRecord = z.object({
  slo: z.array(z.string()),
  recommend: z.object({ maximize: z.enum(['capacity']), tieBreak: z.string() }).optional(),
  report: z.array(z.string()).optional(),
  price: z.object({ machine: z.string(), term: z.enum(['on-demand', 'spot']) }),
  gates: z.array(z.object({ where: z.record(z.string(), z.string()), expect: z.array(z.string()) })),
});
export type DecideRecord = z.infer<typeof decideRecord>;

export const runRecord = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  tool: z.object({ name: z.literal('inferometer'), version: z.string() }),
  id: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  /** True from the first write until every case is measured. */
  partial: z.boolean(),
  scenario: z.object({
    name: z.string(),
    question: z.string(),
    hash: z.string(),
    /** The file as read, so that the run can be repeated. */
    text: z.string(),
    /** Axis name -> its labels in the file's order, without the load. */
    axes: z.record(z.string(), z.array(z.string())),
    loadLabels: z.array(z.string()),
    plannedCases: z.number().int(),
    /** Which of the planned settings a `skip` rule took out. */
    skipped: z.array(z.record(z.string(), z.string())),
    seed: z.number().int(),
    model: z.string(),
  }),
  decide: decideRecord,
  environment: z.record(z.string(), z.unknown()),
  labels: z.record(z.string(), z.string()),
  notices: z.array(notice),
  answer,
  cases: z.array(caseRecord),
  /** Of the settings whose capacity was searched, in the order in which they were. */
  searches: z.array(searchRecord).optional(),
});
export type RunRecord = z.infer<typeof runRecord>;
