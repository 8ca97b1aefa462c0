import type { RunRecord } from '../harness/record/run-record.ts';
import { type Html, html, raw } from './html.ts';
import { page } from './page.ts';
import type { PriceOption } from './panel/bill.ts';
import { answerSection } from './sections/answer.ts';
import { casesTable } from './sections/cases-table.ts';
import { costDetails } from './sections/cost-details.ts';
import { costPanel } from './sections/cost-panel.ts';
import { environmentSection } from './sections/environment.ts';
import { gatesSection } from './sections/gates.ts';
import { header } from './sections/header.ts';
import { insideSection } from './sections/inside.ts';
import { methodSection } from './sections/method.ts';
import { noticesSection, thingsToKnow } from './sections/notices.ts';
import { searchCard, searchSection } from './sections/search.ts';
import { timeSplitSection } from './sections/time-split.ts';
import { tradeOffSection } from './sections/trade-off.ts';
import { inScenarioOrder } from './views.ts';

/** In `reports/`, in the order in which they run. */
export const PAGE_SCRIPTS = ['page.js', 'cases.js', 'cost-form.js'] as const;

/** What a report is made of besides the record; the caller reads the files. */
export interface ReportAssets {
  /** `reports/style.css` */
  readonly css: string;
  /** `PAGE_SCRIPTS`, one after the other. */
  readonly script: string;
  /** What the cost panel offers, in its order. */
  readonly prices: readonly PriceOption[];
}

/** In characters, so that the file stays below a megabyte: what the tables leave of it is for pictures. */
const ROOM = 950_000;

/**
 * One run as one self-contained HTML document: no request, no eval, readable without scripts.
 * Depends on the record and the assets alone; the same input gives the same text.
 */
export async function renderReport(measured: RunRecord, assets: ReportAssets): Promise<string> {
  const record = inScenarioOrder(measured);
  const before = html`${PATTERNS}
${header(record)}
<main>
${answerSection(record)}
<div class="first">
  <div class="stack">${await picture(record)}${timeSplitSection(record)}</div>
${costPanel(record, assets.prices)}
</div>
${thingsToKnow(record)}
${CONTENTS}
${casesTable(record)}
${await searchSection(record)}
${gatesSection(record)}`;
  const after = html`${costDetails(record, assets.prices)}
${noticesSection(record)}
${methodSection(record)}
${environmentSection(record)}
</main>
<footer>Inferometer ${record.tool.version} · run ${record.id} · this file loads nothing from anywhere</footer>`;
  const rest = [before.markup, after.markup, assets.css, assets.script];
  const room = ROOM - rest.reduce((sum, text) => sum + text.length, 0);
  const body = html`${before}
${await insideSection(record, room)}
${after}`;
  return page({
    title: `${record.scenario.name} · ${record.answer.sentence} · Inferometer`,
    css: assets.css,
    script: assets.script,
    body,
  });
}

/** A search has its own picture; the settings of a ladder share one. */
function picture(record: RunRecord): Promise<Html> {
  return record.searches === undefined ? tradeOffSection(record) : searchCard(record);
}

const CONTENTS = html`<nav class="contents" aria-label="Contents">
<a href="#cases">All cases</a> <a href="#percentiles">Percentile curves</a> <a href="#batches">Batches formed</a> <a href="#over-time">Over time</a>
<a href="#utilisation">Utilisation</a> <a href="#cost-details">Cost</a> <a href="#notices">Events and notices</a> <a href="#method">Method and formulas</a> <a href="#environment">Environment</a> <a href="#raw">Raw figures</a>
</nav>`;

/** Fills that can be told apart without colour. */
const PATTERNS: Html = raw(`<svg class="defs" aria-hidden="true"><defs>
<pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="5" height="5" fill="var(--wash)"/><rect width="2" height="5" fill="var(--ink)"/></pattern>
<pattern id="dots" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" fill="var(--wash)"/><circle cx="2.5" cy="2.5" r="1.1" fill="var(--accent)"/></pattern>
</defs></svg>`);
