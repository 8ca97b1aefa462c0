import { EXIT, type ExitCode, nearestName, type Problem, UsageError, worstExit } from '../errors.ts';
import type { CaseRecord } from '../record/case-record.ts';
import type { GateResult } from '../record/judged.ts';
import type { DecideRecord, RunRecord } from '../record/run-record.ts';
import { type Expression, parseBudgetText, parseExpression } from '../scenario/expression.ts';
import type { Axes } from '../scenario/scenario.ts';
import { isLatency } from './bounds.ts';
import { type Judgement, judgeAll, type Outcome } from './budget.ts';

/** What the cases of a place have to keep. */
export interface Budget {
  readonly where: Axes;
  readonly expect: readonly Expression[];
}

export interface CaseGate {
  readonly caseId: string;
  readonly axes: Axes;
  readonly result: GateResult;
  /** How far from the promise: figure / bound, inverted for a floor. */
  readonly excess: number;
}

export interface GateRun {
  readonly results: readonly CaseGate[];
  readonly exitCode: ExitCode;
  /** The result that decided the exit code: of the worst outcome the farthest from its bound; absent if all pass. */
  readonly worst?: CaseGate;
}

/** Reads `p99<50ms @ batch=32,load=40%`; budgets of one place are one promise. Throws with all problems. */
export function parseBudgets(texts: readonly string[]): Budget[] {
  const problems: Problem[] = [];
  const byPlace = new Map<string, { where: Axes; expect: Expression[] }>();
  for (const text of texts) {
    const reading = parseBudgetText(text);
    if ('problem' in reading) {
      problems.push(problemOf(`--budget "${text}": ${reading.problem}`, reading.advice));
      continue;
    }
    const key = JSON.stringify(Object.entries(reading.where).sort());
    const budget = byPlace.get(key) ?? { where: reading.where, expect: [] };
    budget.expect.push(reading.expression);
    byPlace.set(key, budget);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return [...byPlace.values()];
}

/** The budgets that a scenario states in `decide.gates`. */
export function budgetsOf(gates: DecideRecord['gates']): Budget[] {
  const problems: Problem[] = [];
  const budgets = gates.map(({ where, expect }, index) => ({
    where,
    expect: expect.flatMap((text) => {
      const reading = parseExpression(text);
      if (!('problem' in reading)) return [reading];
      problems.push(problemOf(`decide.gates.${index}: ${reading.problem}`, reading.advice));
      return [];
    }),
  }));
  if (problems.length > 0) throw new UsageError(problems);
  return budgets;
}

function problemOf(message: string, advice: string | undefined): Problem {
  return advice === undefined ? { message } : { message, advice };
}

/** Judges every budget over every case that it is about. A budget without a case is a UsageError. */
export function gateRun(
  record: Pick<RunRecord, 'cases'>,
  budgets: readonly Budget[],
  onInconclusive: 'fail' | 'warn' = 'fail',
): GateRun {
  refuseUnknownPlaces(record.cases, budgets);
  const results = budgets.flatMap((budget) =>
    casesOf(record.cases, budget).flatMap((candidate) => gateCase(candidate, budget)),
  );
  const exitCode = worstExit(results.map(({ result }) => exitOf(result.outcome, onInconclusive)));
  const [worst] = results
    .filter(({ result }) => result.outcome !== 'pass')
    .sort((a, b) => severity(b.result.outcome) - severity(a.result.outcome) || farther(a.excess, b.excess));
  return worst === undefined ? { results, exitCode } : { results, exitCode, worst };
}

/** The results of the gates that are about one case, for its record. */
export function gatesOfCase(record: CaseRecord, budgets: readonly Budget[]): GateResult[] {
  return budgets
    .filter((budget) => isAbout(record, budget))
    .flatMap((budget) => gateCase(record, budget).map(({ result }) => result));
}

function gateCase(record: CaseRecord, { where, expect }: Budget): CaseGate[] {
  return judgeAll(record, expect).map((judgement) => ({
    caseId: record.id,
    axes: record.axes,
    result: resultOf(judgement, where),
    excess: judgement.excess,
  }));
}

function resultOf({ expression, outcome, message }: Judgement, where: Axes): GateResult {
  return { expression: expression.text, where: { ...where }, outcome, message };
}

function exitOf(outcome: Outcome, onInconclusive: 'fail' | 'warn'): ExitCode {
  if (outcome === 'pass') return EXIT.ok;
  if (outcome === 'inconclusive') return onInconclusive === 'fail' ? EXIT.cannotAnswer : EXIT.ok;
  return EXIT.gateFailed;
}

/** Sorts the farthest first; Infinity equals Infinity, which a difference would make NaN. */
function farther(a: number, b: number): number {
  return a === b ? 0 : b - a;
}

function severity(outcome: Outcome): number {
  return ['pass', 'inconclusive', 'regression', 'fail'].indexOf(outcome);
}

/** The cases that a budget is about; a latency budget that matches closed passes only is about those. */
function casesOf(cases: readonly CaseRecord[], budget: Budget): CaseRecord[] {
  const about = cases.filter((record) => isAbout(record, budget));
  return about.length > 0 ? about : cases.filter(({ axes }) => matches(axes, budget.where));
}

/** Response times of a closed loop mean something else: a latency budget that names no load leaves the closed pass out. */
function isAbout({ axes, load }: CaseRecord, { where, expect }: Budget): boolean {
  if (!matches(axes, where)) return false;
  return load.shape !== 'closed' || 'load' in where || !expect.some(({ metric }) => isLatency(metric));
}

export function matches(axes: Axes, where: Axes): boolean {
  return Object.entries(where).every(([name, label]) => sameLabel(axes[name], label));
}

/** `40 %` and `40%`, `2 ms` and `2ms` are the same label. */
function sameLabel(a: string | undefined, b: string): boolean {
  return a !== undefined && a.replaceAll(' ', '') === b.replaceAll(' ', '');
}

function refuseUnknownPlaces(cases: readonly CaseRecord[], budgets: readonly Budget[]): void {
  const problems = budgets
    .filter((budget) => casesOf(cases, budget).length === 0)
    .map(({ where }) => unknownPlace(cases, where));
  if (problems.length > 0) throw new UsageError(problems);
}

function unknownPlace(cases: readonly CaseRecord[], where: Axes): Problem {
  const place = Object.entries(where)
    .map(([name, label]) => `${name}=${label}`)
    .join(',');
  if (cases.length === 0)
    return { message: `no case to judge${place === '' ? '' : ` at ${place}`}: the run measured none` };
  const labels = labelsByAxis(cases);
  const known = Object.entries(labels).map(([name, of]) => `${name}=${of.join('|')}`);
  const wrong = Object.entries(where).find(
    ([name, label]) => !labels[name]?.some((of) => sameLabel(of, label)),
  );
  const near =
    wrong === undefined
      ? undefined
      : labels[wrong[0]] === undefined
        ? nearestName(wrong[0], Object.keys(labels))
        : nearestName(wrong[1], labels[wrong[0]] ?? []);
  const advice = `${near === undefined ? '' : `Did you mean ${near}? `}The run has ${known.join(', ')}.`;
  return { message: `no case at ${place}`, advice };
}

function labelsByAxis(cases: readonly CaseRecord[]): Record<string, string[]> {
  const labels: Record<string, string[]> = {};
  for (const { axes } of cases) {
    for (const [name, label] of Object.entries(axes)) {
      labels[name] = [...new Set([...(labels[name] ?? []), label])];
    }
  }
  return labels;
}
