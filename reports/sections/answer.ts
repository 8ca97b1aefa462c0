import type { RunRecord } from '../../harness/record/run-record.ts';
import { runFigure, runPercentile } from '../figures.ts';
import { milliseconds, perSecond } from '../format.ts';
import { type Html, html } from '../html.ts';
import { percentileName } from '../views.ts';

/** The sentence that the run was made for, what it rests on, and what to paste. */
export function answerSection(record: RunRecord): Html {
  const { answer } = record;
  return html`<section class="answer" aria-labelledby="answer">
  <h1 id="answer" data-field="answer.sentence">${answer.sentence}</h1>
  ${answer.details.length > 0 && html`<p class="details">${answer.details.map((detail) => html`<span>${detail}</span> `)}</p>`}
  ${choices('No difference was shown to', answer.ties)}
  ${choices('On the front of throughput against latency:', answer.pareto)}
  <div class="proof">${evidence(record)}${copies(record)}</div>
</section>`;
}

/** The one figure that the answer rests on, with its interval, read from the record and not from the sentence. */
function evidence(record: RunRecord): Html | undefined {
  const { capacity } = record.answer;
  if (capacity === undefined) return undefined;
  const broken =
    capacity.brokenAtPerS === undefined
      ? html``
      : html`; not at the next rate tried, ${runFigure(record, 'answer.capacity.brokenAtPerS', perSecond)}/s`;
  return html`<p class="evidence">Proven at ${runFigure(record, 'answer.capacity.requestsPerS', perSecond)} requests/s:
    ${percentileName(capacity.metric)} <strong>${runPercentile(record, 'answer.capacity.evidence', milliseconds)} ms</strong>${broken}.</p>`;
}

function choices(lead: string, settings: readonly Readonly<Record<string, string>>[]): Html | undefined {
  if (settings.length === 0) return undefined;
  const names = settings.map((axes) =>
    Object.entries(axes)
      .map(([name, label]) => `${name} ${label}`)
      .join(' · '),
  );
  return html`<p class="evidence">${lead} ${names.join(', ')}.</p>`;
}

function copies(record: RunRecord): Html | undefined {
  const configs = Object.entries(record.answer.config);
  const command = repeatCommand(record);
  return html`<div class="copies">
  ${configs.length > 0 && html`<span class="copies-label">Config to paste</span>`}
  ${configs.map(([system, text]) => copyable(system, text))}
  ${copyable('Command to repeat', command)}
  <span class="copied" role="status" aria-live="polite"></span>
</div>`;
}

function copyable(name: string, text: string): Html {
  return html`<details class="copy" name="copy"><summary data-copy>${name}</summary><pre tabindex="0">${text}</pre></details>`;
}

/** What makes this run again, from the folder in which its scenario is known by name. */
export function repeatCommand({ scenario }: RunRecord): string {
  return `npx inferometer run ${shellWord(scenario.name)} --seed ${scenario.seed}`;
}

function shellWord(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
