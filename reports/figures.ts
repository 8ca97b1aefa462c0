import type { CaseRecord } from '../harness/record/case-record.ts';
import { type Figure, isMissing, type Percentile, type PercentileValue } from '../harness/record/figures.ts';
import type { RunRecord } from '../harness/record/run-record.ts';
import { significant } from './format.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';

type Format = (value: number) => string;

/*
 * Every figure of the record is printed from here, by its path in run.json, so that what is shown and where it came
 * from cannot part:
 *
 *     <data value="44.12" data-case="batch=32,load=75%" data-field="latencyMs.response.p99.value">44.1</data>
 *
 * `value` is exact; the text is rounded for people. Without `data-case` the path starts at the run.
 */

/** What lies at a dotted path of a record; undefined where nothing does. */
export function at(source: object, path: string): unknown {
  let here: unknown = source;
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Readonly<Record<string, unknown>>)[key];
  }
  return here;
}

/** A number of a case, or the reason why there is none. */
export function caseFigure(from: CaseRecord, path: string, format: Format = significant): Html {
  return figure(at(from, path) as Figure | undefined, path, from.id, format);
}

/** A number of the run. */
export function runFigure(from: RunRecord, path: string, format: Format = significant): Html {
  return figure(at(from, path) as Figure | undefined, path, undefined, format);
}

function figure(value: Figure | undefined, path: string, caseId: string | undefined, format: Format): Html {
  if (value === undefined) return absent('not recorded');
  if (isMissing(value)) return absent(value.missing, value.above, format);
  return html`<data value="${value}"${caseAttribute(caseId)} data-field="${path}">${format(value)}</data>`;
}

/** A percentile of a case with its 95 % interval: `44.1 40–49`. */
export function casePercentile(from: CaseRecord, path: string, format: Format = significant): Html {
  return percentile(at(from, path) as Percentile | undefined, path, from.id, format);
}

function percentile(
  found: Percentile | undefined,
  path: string,
  caseId: string | undefined,
  format: Format,
): Html {
  if (found === undefined) return absent('not recorded');
  if (isMissing(found)) return absent(found.missing, found.above, format);
  return html`${figure(found.value, `${path}.value`, caseId, format)} ${interval(found, path, caseId, format)}`;
}

/** `40–49`, or `≥ 40` where the upper bound falls among requests that never finished. */
function interval(found: PercentileValue, path: string, caseId: string | undefined, format: Format): Html {
  const low = figure(found.low, `${path}.low`, caseId, format);
  const tip = `95 % interval, from ${found.n} requests`;
  if (found.high === null) return html`<span class="ci" data-tip="${tip}; no upper bound">≥ ${low}</span>`;
  const high = figure(found.high, `${path}.high`, caseId, format);
  return html`<span class="ci" data-tip="${tip}">${low}–${high}</span>`;
}

export function runPercentile(from: RunRecord, path: string, format: Format = significant): Html {
  return percentile(at(from, path) as Percentile | undefined, path, undefined, format);
}

/** Where a figure should be and is not: a dash, or the bound that is known, with the reason for eye, hand and ear. */
export function absent(reason: string, above?: number, format: Format = significant): Html {
  const shown = above === undefined ? '–' : `> ${format(above)}`;
  return html`<span class="absent" tabindex="0" data-tip="${reason}"><span aria-hidden="true">${shown}</span
    ><span class="sr-only">${above === undefined ? 'none' : `above ${format(above)}`}: ${reason}</span></span>`;
}

function caseAttribute(caseId: string | undefined): Html {
  return caseId === undefined ? html`` : html` data-case="${caseId}"`;
}
