import type { RunRecord } from '../../harness/record/run-record.ts';
import { type Html, html } from '../html.ts';
import { caseLabel } from '../views.ts';
import { scrolling } from './notices.ts';

export function gatesSection(record: RunRecord): Html {
  const gates = record.cases.flatMap((one) => one.gates.map((gate) => ({ one, gate })));
  if (gates.length === 0) return html``;
  return html`<section aria-labelledby="gates"><h2 id="gates">Gates</h2>
  ${scrolling(
    'Gates',
    html`<table><thead><tr><th scope="col">case</th><th scope="col">budget</th><th scope="col">outcome</th><th scope="col">why</th></tr></thead>
  <tbody>${gates.map(({ one, gate }) => html`<tr><th scope="row">${caseLabel(one)}</th><td><code>${gate.expression}</code></td><td><strong>${gate.outcome}</strong></td><td class="prose">${gate.message}</td></tr>`)}</tbody></table>`,
  )}
</section>`;
}
