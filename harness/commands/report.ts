import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadPriceBook } from '../cost/load-price-book.ts';
import { EXIT, TargetError } from '../errors.ts';
import { packageFile } from '../package-files.ts';
import { RECORD_FILE } from '../record/folder-names.ts';
import { findRun, readRun } from '../record/read-run.ts';
import type { RunRecord } from '../record/run-record.ts';
import { countOf } from '../record/wording.ts';
import type { Rebuilt } from '../run/rebuild.ts';
import type { CommandResult } from './cost.ts';
import { priceOptions } from './price-options.ts';

export const REPORT_FILE = 'report.html';

/** Rebuilds the report of a recorded run from its run.json alone. */
export async function reportCommand(run: string): Promise<CommandResult> {
  const text = await writeReport(readRun(run), dirname(findRun(run)));
  return { text, json: undefined, exitCode: EXIT.ok };
}

/**
 * Rebuilds every figure from the raw logs, then the report of the rebuilt figures, and says whether they are those of
 * run.json (which stays as it is). Exit 2 where logs lack requests, 4 where whole logs tell something else.
 */
export async function rawReportCommand(run: string): Promise<CommandResult> {
  const folder = dirname(findRun(run));
  const { rebuild } = await import('../run/rebuild.ts');
  const rebuilt = rebuild(readRun(run), folder);
  const path = await writeReport(rebuilt.record, folder);
  const { text, exitCode } = rawVerdict(rebuilt);
  return { text: `${text}\n${path}`, json: undefined, exitCode };
}

function rawVerdict({
  record,
  requests,
  gaps,
  differences,
}: Rebuilt): Pick<CommandResult, 'text' | 'exitCode'> {
  const read = `${countOf(requests, 'request')} of ${countOf(record.cases.length, 'case')} read`;
  if (gaps.length > 0) {
    const text = [`${read}; the report is made of these, but some are missing:`, ...gaps].join('\n  ');
    return { text, exitCode: EXIT.cannotAnswer };
  }
  if (differences.length > 0) {
    const text = [`${read}; they do not give the figures of ${RECORD_FILE}:`, ...differences].join('\n  ');
    return { text, exitCode: EXIT.targetOrInternal };
  }
  return { text: `${read}: every count, histogram and window is that of ${RECORD_FILE}.`, exitCode: EXIT.ok };
}

/** Writes `report.html` into a run's folder; returns its path. Throws TargetError when the disk refuses. */
export async function writeReport(record: RunRecord, folder: string): Promise<string> {
  // Drawing charts takes half a second to load, which no other verb should wait for.
  const { PAGE_SCRIPTS, renderReport } = await import('../../reports/report.ts');
  const page = await renderReport(record, {
    css: shipped('style.css'),
    script: PAGE_SCRIPTS.map(shipped).join('\n'),
    prices: priceOptions(loadPriceBook(), record),
  });
  const path = join(folder, REPORT_FILE);
  try {
    writeFileSync(path, page);
  } catch (cause) {
    throw new TargetError(
      `The report could not be written: ${(cause as Error).message}`,
      'run.json is kept; try `inferometer report` again.',
      { cause },
    );
  }
  return path;
}

function shipped(name: string): string {
  return readFileSync(packageFile('reports', name), 'utf8');
}
