import type { CaseRecord } from '../../harness/record/case-record.ts';
import { caseFigure, casePercentile } from '../figures.ts';
import { count, milliseconds, percent, perSecond } from '../format.ts';
import { type Html, html } from '../html.ts';
import { caseLabel } from '../views.ts';
import { scrolling } from './notices.ts';

/** Which payloads came again, which answers were compared, and each class of a mix: what there is of it. */
export function askedTerms(one: CaseRecord): Html {
  const [only] = Object.keys(one.classes);
  const isMix = Object.keys(one.classes).length > 1;
  return html`${!isMix && only !== undefined && repeats(one, only)}${compared(one)}`;
}

function repeats(one: CaseRecord, name: string): Html | undefined {
  const path = `classes.${name}.payloads`;
  const payloads = one.classes[name]?.payloads;
  if (payloads === undefined) return undefined;
  if (payloads.topShare === 0) {
    return html`<dt>payloads</dt><dd>${caseFigure(one, `${path}.different`, count)}, none twice: no cache could answer one</dd>`;
  }
  return html`<dt>payloads</dt><dd>${caseFigure(one, `${path}.different`, count)} different in ${caseFigure(one, `${path}.requests`, count)} requests;
    ${caseFigure(one, `${path}.repeatShare`, percent)} had come before (${caseFigure(one, `${path}.expectedRepeatShare`, percent)} by their popularity): what a cache without limits could answer.
    The most popular is ${caseFigure(one, `${path}.topShare`, percent)} of all.</dd>`;
}

function compared(one: CaseRecord): Html | undefined {
  const { answers } = one;
  if (answers === undefined) return undefined;
  return html`<dt>answers</dt><dd>${caseFigure(one, 'answers.compared', count)} compared with what they should be, ${caseFigure(one, 'answers.wrong', count)} wrong${answers.example !== undefined && html`: ${answers.example}`}</dd>`;
}

/** Every class of a mix with its own counts and percentiles; nothing without a mix. */
export function classTable(one: CaseRecord): Html | undefined {
  const names = Object.keys(one.classes);
  if (names.length < 2) return undefined;
  return scrolling(
    `Classes of requests, ${caseLabel(one)}`,
    html`<table><caption class="sr-only">Classes of requests, ${caseLabel(one)}</caption>
  <thead><tr><th scope="col">class</th><th scope="col">model</th><th scope="col" class="number">scheduled</th><th scope="col" class="number">ok</th><th scope="col" class="number">ok/s</th><th scope="col" class="number">rows/s</th><th scope="col" class="number">p50, ms</th><th scope="col" class="number">p95, ms</th><th scope="col" class="number">p99, ms</th><th scope="col" class="number">payloads</th><th scope="col" class="number">came again</th></tr></thead>
  <tbody>${names.map((name) => classRow(one, name))}</tbody></table>`,
  );
}

function classRow(one: CaseRecord, name: string): Html {
  const at = (field: string) => `classes.${name}.${field}`;
  return html`<tr><th scope="row">${name}</th><td>${one.classes[name]?.model ?? 'the target’s'}</td>
  <td class="number">${caseFigure(one, at('counts.scheduled'), count)}</td>
  <td class="number">${caseFigure(one, at('counts.ok'), count)}</td>
  <td class="number">${caseFigure(one, at('okPerS'), perSecond)}</td>
  <td class="number">${caseFigure(one, at('rowsPerS'), perSecond)}</td>
  <td class="number">${casePercentile(one, at('responseMs.p50'), milliseconds)}</td>
  <td class="number">${casePercentile(one, at('responseMs.p95'), milliseconds)}</td>
  <td class="number">${casePercentile(one, at('responseMs.p99'), milliseconds)}</td>
  <td class="number">${caseFigure(one, at('payloads.different'), count)}</td>
  <td class="number">${caseFigure(one, at('payloads.repeatShare'), percent)}</td></tr>`;
}
