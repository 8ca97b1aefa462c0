import type { NoticeRecord, RunRecord } from '../../harness/record/run-record.ts';
import { type Html, html } from '../html.ts';
import { caseLabel } from '../views.ts';

export function thingsToKnow(record: RunRecord): Html {
  const first = record.notices.slice(0, 3);
  const title = first.length === 1 ? 'One thing to know' : `${first.length} things to know`;
  if (first.length === 0) return html``;
  const rest = record.notices.length - first.length;
  return html`<div class="card know"><h2 id="know">${title}</h2>
  <ol>${first.map(item)}</ol>
  ${rest > 0 && html`<p class="note"><a href="#notices">${rest} more below</a></p>`}</div>`;
}

function item({ id, message, advice }: NoticeRecord): Html {
  return html`<li><span class="id">${id}</span> ${message} <span class="advice">${advice}</span></li>`;
}

/** Every notice, every doubt about a case, every event of a case. */
export function noticesSection(record: RunRecord): Html {
  const doubts = record.cases.flatMap((one) => one.credibility.reasons.map((reason) => ({ one, reason })));
  const events = record.cases.flatMap((one) => one.events.map((event) => ({ one, event })));
  return html`<section aria-labelledby="notices"><h2 id="notices">Events and notices</h2>
  ${record.notices.length === 0 ? html`<p class="none">No notices.</p>` : html`<ol class="notices">${record.notices.map(item)}</ol>`}
  <h3>Why a case is not plainly valid</h3>
  ${
    doubts.length === 0
      ? html`<p class="none">Every case is valid.</p>`
      : scrolling(
          'Doubts',
          html`<table><thead><tr><th scope="col">case</th><th scope="col">status</th><th scope="col">reason</th><th scope="col">what to do</th></tr></thead>
  <tbody>${doubts.map(({ one, reason }) => html`<tr><th scope="row">${caseLabel(one)}</th><td>${one.credibility.status}</td><td class="prose">${reason.message}</td><td class="prose">${reason.advice}</td></tr>`)}</tbody></table>`,
        )
  }
  ${
    events.length > 0 &&
    html`<h3>Events</h3>${scrolling(
      'Events',
      html`<table><thead><tr><th scope="col">case</th><th scope="col">at, s</th><th scope="col">what happened</th></tr></thead>
  <tbody>${events.map(({ one, event }) => html`<tr><th scope="row">${caseLabel(one)}</th><td class="number">${event.atS.toFixed(1)}</td><td class="prose">${event.message}</td></tr>`)}</tbody></table>`,
    )}`
  }
</section>`;
}

/** A table that is wider than a phone scrolls by itself, by hand or by keyboard. */
export function scrolling(name: string, table: Html): Html {
  return html`<div class="scroll" role="region" aria-label="${name}" tabindex="0">${table}</div>`;
}
