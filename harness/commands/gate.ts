import { type ExitCode, UsageError } from '../errors.ts';
import {
  type Budget,
  budgetsOf,
  type CaseGate,
  type GateRun,
  gateRun,
  parseBudgets,
} from '../gates/gate-run.ts';
import type { RunRecord } from '../record/run-record.ts';
import { axesText, labelled } from '../terminal/layout.ts';
import type { CommandResult } from './cost.ts';

export interface GateOptions {
  /** As written on the command line: `p99<50ms @ batch=32,load=40%`. Default: the scenario's `decide.gates`. */
  readonly budgets?: readonly string[];
  readonly onInconclusive?: 'fail' | 'warn';
}

export interface GateAnswer extends CommandResult {
  /** JUnit XML of the same results, for a CI. */
  readonly junit: string;
}

/** Holds a run against budgets. Throws UsageError for a budget that cannot be read or is about no case. */
export function gateCommand(record: RunRecord, options: GateOptions = {}): GateAnswer {
  const budgets = budgetsFor(record, options.budgets ?? []);
  const gated = gateRun(record, budgets, options.onInconclusive);
  const { results, exitCode, worst } = gated;
  return {
    text: gateText(record, gated),
    json: {
      run: record.id,
      exitCode,
      worst: worst === undefined ? null : jsonOf(worst),
      results: results.map(jsonOf),
    },
    junit: junitXml(record, results),
    exitCode,
  };
}

function budgetsFor(record: RunRecord, texts: readonly string[]): Budget[] {
  if (texts.length > 0) return parseBudgets(texts);
  if (record.decide.gates.length > 0) return budgetsOf(record.decide.gates);
  throw new UsageError(
    'nothing to hold the run against: no --budget, and its scenario has no decide.gates',
    "As in --budget 'p99<50ms @ load=40%'",
  );
}

function jsonOf({ caseId, axes, result }: CaseGate) {
  return { caseId, axes, ...result };
}

function gateText(record: RunRecord, { results, exitCode, worst }: GateRun): string {
  const outcomes = ['fail', 'regression', 'inconclusive', 'pass'] as const;
  const tally = outcomes
    .map((outcome) => ({ outcome, count: results.filter(({ result }) => result.outcome === outcome).length }))
    .filter(({ count }) => count > 0)
    .map(({ outcome, count }) => `${count} ${outcome}`);
  return [
    `inferometer gate · ${record.scenario.name} · ${record.id}`,
    '',
    ...results.map(({ axes, result }) =>
      labelled(mark(result.outcome), `${axesText(axes)}: ${result.message}`, 13),
    ),
    '',
    ...(worst === undefined
      ? []
      : [labelled('WORST', `${axesText(worst.axes)}: ${worst.result.message}`, 13)]),
    labelled(verdict(exitCode), tally.join(' · '), 13),
    '',
  ].join('\n');
}

function mark(outcome: CaseGate['result']['outcome']): string {
  return outcome === 'pass' ? 'ok' : outcome === 'inconclusive' ? '? unknown' : `x ${outcome}`;
}

function verdict(exitCode: ExitCode): string {
  return exitCode === 0 ? 'PASS' : exitCode === 1 ? 'FAIL' : 'UNKNOWN';
}

/** One test case a judged expression; an inconclusive one is skipped, which a CI shows without turning red. */
function junitXml(record: RunRecord, results: readonly CaseGate[]): string {
  const cases = results.map(({ caseId, result }) => {
    const head = `  <testcase classname="${escapeXml(caseId)}" name="${escapeXml(result.expression)}"`;
    if (result.outcome === 'pass') return `${head}/>`;
    const element = result.outcome === 'inconclusive' ? 'skipped' : 'failure';
    return `${head}>\n    <${element} message="${escapeXml(result.message)}"/>\n  </testcase>`;
  });
  const count = (outcome: string) => results.filter(({ result }) => result.outcome === outcome).length;
  const attributes = `name="${escapeXml(`inferometer ${record.scenario.name}`)}" tests="${results.length}" failures="${count('fail') + count('regression')}" skipped="${count('inconclusive')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite ${attributes}>`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
