import type { CaseRecord } from '../../harness/record/case-record.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { draw } from '../charts/draw.ts';
import { latencySpec, throughputSpec } from '../charts/over-time.ts';
import { type Html, html, raw } from '../html.ts';
import { caseLabel, firstCase } from '../views.ts';
import { batchPicture, batchTables } from './batches.ts';
import { cacheTables } from './cache.ts';
import { changesTable } from './changes.ts';
import { facts } from './facts.ts';
import { percentileCurves } from './percentiles.ts';
import { stalenessTables } from './staleness.ts';
import { utilisation } from './utilisation.ts';

/** What happened inside a case, in at most `room` characters. One case is shown at a time where scripts may run, otherwise all, one after another. */
export async function insideSection(record: RunRecord, room: number): Promise<Html> {
  const first = firstCase(record);
  if (first === undefined) return html``;
  const curves = await percentileCurves(record);
  const batches = batchTables(record);
  const cache = html`${cacheTables(record)}${stalenessTables(record)}`;
  const tables = curves.markup.length + batches.markup.length + cache.markup.length;
  const panels = await panelsOf(record, first, room - tables);
  const left = record.cases.length - panels.length;
  return html`<section aria-labelledby="inside"><h2 id="inside">Inside a case</h2>
  <div class="picker" data-needs-script hidden><label for="case-picker">Showing</label>
  <select id="case-picker">${panels.map(({ one }) => html`<option value="${one.id}"${one === first && raw(' selected')}>${caseLabel(one)}</option>`)}</select></div>
  ${left > 0 && html`<p class="note">${left} further cases have no pictures here, to keep this file small; their figures are in the table above and in run.json.</p>`}
  <h3 id="percentiles">Percentile curves</h3>
  ${curves}
  <h3 id="batches">Batches formed</h3>
  <div class="beside"><div>${panels.map(({ one, sizes }) => panel(one, sizes))}</div><div>${batches}</div></div>
  ${cache}
  <h3 id="facts">Asked and counted</h3>
  ${panels.map(({ one, told }) => panel(one, told))}
  <h3 id="over-time">Over time</h3>
  ${panels.map(({ one, time }) => panel(one, time))}
  <h3 id="utilisation">Utilisation</h3>
  ${panels.map(({ one, use }) => panel(one, use))}
</section>`;
}

/** What is drawn for one case. */
interface Panels {
  readonly one: CaseRecord;
  readonly sizes: Html;
  readonly told: Html;
  readonly time: Html;
  readonly use: Html;
}

/** The first case and then the others in their order, as long as there is room. */
async function panelsOf(record: RunRecord, first: CaseRecord, room: number): Promise<Panels[]> {
  const drawn: Panels[] = [];
  let left = room;
  for (const one of [first, ...record.cases.filter((other) => other !== first)]) {
    const panels = {
      one,
      sizes: await batchPicture(one),
      told: facts(one),
      time: await overTime(one),
      use: utilisation(one),
    };
    left -=
      panels.sizes.markup.length +
      panels.told.markup.length +
      panels.time.markup.length +
      panels.use.markup.length;
    if (left < 0 && drawn.length > 0) break;
    drawn.push(panels);
  }
  return drawn.sort((a, b) => record.cases.indexOf(a.one) - record.cases.indexOf(b.one));
}

function panel(one: CaseRecord, content: Html): Html {
  return html`<div class="panel-case" data-panel-case="${one.id}"><h4 class="case-name">${caseLabel(one)}</h4>${content}</div>`;
}

async function overTime(one: CaseRecord): Promise<Html> {
  const [throughput, latency] = [throughputSpec(one), latencySpec(one)];
  const missing = html`<p class="none">No windows were recorded.</p>`;
  return html`<div class="pictures">
  <figure class="card"><figcaption>Requests per second: dashed offered, solid completed ok</figcaption>${throughput === undefined ? missing : await draw(throughput, `Throughput over time, ${caseLabel(one)}`)}</figure>
  <figure class="card"><figcaption>Response time by window: dashed p50, solid p99</figcaption>${latency === undefined ? missing : await draw(latency, `Response time over time, ${caseLabel(one)}`)}</figure>
</div>${changesTable(one)}`;
}
