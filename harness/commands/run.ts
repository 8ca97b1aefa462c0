import { EXIT, type ExitCode, TargetError, worstExit } from '../errors.ts';
import type { RunRecord } from '../record/run-record.ts';
import { pricesFor } from '../run/cases/decisions.ts';
import { SILENT } from '../run/session/observer.ts';
import { type LoadOptions, loadScenario } from '../scenario/load-file.ts';
import { closingLines } from '../terminal/closing.ts';
import { dryRunText } from '../terminal/dry-run.ts';
import { WIDTH } from '../terminal/layout.ts';
import { progressObserver } from '../terminal/progress.ts';
import { settingsTable } from '../terminal/results-table.ts';
import { searchTable } from '../terminal/search-table.ts';
import { dryRunPlan } from './dry-run-plan.ts';
import { exitCodeOf, explainError } from './explain-error.ts';
import { writeReport } from './report.ts';

export interface RunArguments extends LoadOptions {
  readonly scenario: string;
  readonly out: string;
  readonly json: boolean;
  readonly dryRun: boolean;
}

/**
 * Runs a scenario to its report. With `json` the record is all that reaches stdout.
 * The first Ctrl-C drains and keeps what was measured, the second stops at once.
 */
export async function runCommand(args: RunArguments): Promise<ExitCode> {
  const startedAtMs = performance.now();
  const scenario = loadScenario(args.scenario, args);
  if (args.dryRun) {
    // What a run would refuse before it sends anything, a rehearsal refuses too.
    pricesFor(scenario);
    process.stdout.write(dryRunText(scenario, dryRunPlan(scenario, args.out)));
    return EXIT.ok;
  }
  const { drain, cancel, release } = interrupts();
  const screen = {
    isTTY: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? WIDTH,
    write: print,
  };
  const observer = args.json ? SILENT : progressObserver(screen);
  // Not for a rehearsal: what drives a load takes as long to be read as the rest together.
  const [{ LOAD_ENGINES }, { runScenario }] = await Promise.all([
    import('../run/engines.ts'),
    import('../run/run-scenario.ts'),
  ]);
  try {
    const { record, folder, failure } = await runScenario(scenario, {
      outFolder: args.out,
      observer,
      drain,
      cancel,
      engines: LOAD_ENGINES,
    });
    const { report, unwritten } = await reportOf(record, folder);
    if (args.json) print(`${JSON.stringify(record)}\n`);
    else
      print(
        `${[...summary(record), ...closingLines(record, report, (performance.now() - startedAtMs) / 1000)].join('\n')}\n`,
      );
    const failures = [failure, unwritten].filter((one) => one !== undefined);
    for (const one of failures) process.stderr.write(explainError(one));
    return runExit(record, failures[0], drain.aborted);
  } finally {
    release();
  }
}

/** The path of the report, or why it could not be written: what was measured is told all the same. */
async function reportOf(
  record: RunRecord,
  folder: string,
): Promise<{ report: string | undefined; unwritten?: TargetError }> {
  if (record.cases.length === 0 && record.searches === undefined) return { report: undefined };
  try {
    return { report: await writeReport(record, folder) };
  } catch (error) {
    if (error instanceof TargetError) return { report: undefined, unwritten: error };
    throw error;
  }
}

function summary(record: RunRecord): string[] {
  if (record.searches !== undefined) return ['', ...searchTable(record)];
  return record.cases.length === 0 ? [] : ['', ...settingsTable(record)];
}

function print(text: string): void {
  process.stdout.write(text);
}

/**
 * 0 fine, 1 a gate failed, 2 the run cannot answer what it was asked, 3 a mistake in the scenario that only the server
 * could show (an input that its model lacks), 4 target or internal error, 130 interrupted.
 * An overloaded case is a finding and never a failure by itself.
 */
export function runExit(record: RunRecord, failure: Error | undefined, interrupted: boolean): ExitCode {
  const outcomes = record.cases.flatMap((one) => one.gates.map((gate) => gate.outcome));
  const codes: ExitCode[] = [EXIT.ok];
  if (failure !== undefined) codes.push(exitCodeOf(failure));
  if (outcomes.includes('fail') || outcomes.includes('regression')) codes.push(EXIT.gateFailed);
  if (outcomes.includes('inconclusive')) codes.push(EXIT.cannotAnswer);
  const unanswered = ['none-qualifies', 'all-overloaded'].includes(record.answer.status);
  if (record.decide.recommend !== undefined && unanswered) codes.push(EXIT.cannotAnswer);
  return interrupted ? EXIT.interrupted : worstExit(codes);
}

/** How long the second Ctrl-C waits for the record to be written. */
const STOP_WITHIN_MS = 3_000;

interface Interrupts {
  readonly drain: AbortSignal;
  readonly cancel: AbortSignal;
  release(): void;
}

function interrupts(): Interrupts {
  const drain = new AbortController();
  const cancel = new AbortController();
  const onSignal = (): void => {
    if (drain.signal.aborted) {
      cancel.abort();
      // Whatever else would take its time (a server that starts): the record on disk is whole, servers end with us.
      setTimeout(() => process.exit(EXIT.interrupted), STOP_WITHIN_MS).unref();
      return;
    }
    process.stderr.write('\nFinishing what is in flight; press Ctrl-C again to stop at once.\n');
    drain.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const release = (): void => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  return { drain: drain.signal, cancel: cancel.signal, release };
}
