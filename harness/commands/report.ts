import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadPriceBook } from '../cost/load-price-book.ts';
import { TargetError } from '../errors.ts';
import { packageFile } from '../package-files.ts';
import { findRun, readRun } from '../record/read-run.ts';
import type { RunRecord } from '../record/run-record.ts';
import { priceOptions } from './price-options.ts';

export const REPORT_FILE = 'report.html';

/** Rebuilds the report of a recorded run from its run.json alone. */
export async function reportCommand(run: string): Promise<{ text: string }> {
  const path = await writeReport(readRun(run), dirname(findRun(run)));
  return { text: path };
}

/** Writes `report.html` into a run's folder; returns its path. Throws TargetError when the disk refuses. */
export async function writeReport(record: RunRecord, folder: string): Promise<string> {
  // Drawing charts takes half a second to load, which no other verb should wait for.
  const { renderReport } = await import('../../reports/report.ts');
  const page = await renderReport(record, {
    css: shipped('style.css'),
    script: shipped('page.js'),
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
