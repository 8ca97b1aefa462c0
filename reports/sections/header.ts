import type { RunRecord } from '../../harness/record/run-record.ts';
import { utcDate } from '../format.ts';
import { type Html, html } from '../html.ts';

export function header(record: RunRecord): Html {
  const { scenario, partial, cases } = record;
  const valid = cases.filter((one) => one.credibility.status === 'valid').length;
  const tip = `${valid} of ${cases.length} cases may be believed as they stand; the table says what the others are`;
  return html`<header class="top">
  <p class="brand">Inferometer</p>
  <p class="run"><strong>${scenario.name}</strong> · ${scenario.model} · <time datetime="${record.startedAt}">${utcDate(record.startedAt)}</time></p>
  <p class="badges">
    ${partial && html`<span class="badge warn" data-tip="The run was stopped: ${cases.length} of ${scenario.plannedCases} cases were measured">PARTIAL ${cases.length}/${scenario.plannedCases}</span>`}
    <span class="badge" tabindex="0" data-tip="${tip}" data-check="valid">VALID ${valid}/${cases.length}</span>
  </p>
  <p class="tools" data-needs-script hidden>
    <button type="button" id="theme" aria-label="Switch between light and dark">Light/dark</button>
    <button type="button" id="print" aria-label="Print this report">Print</button>
  </p>
</header>`;
}
