import type { RunRecord } from '../../harness/record/run-record.ts';
import { runFigure, runPercentile } from '../figures.ts';
import { milliseconds, perSecond } from '../format.ts';
import { type Html, html } from '../html.ts';
import { percentileName } from '../views.ts';

/** Of the sentences below the answer, this many are always in sight. */
const IN_SIGHT = 2;

/** The sentence that the run was made for, what it rests on, and what to paste. */
export function answerSection(record: RunRecord): Html {
  const { answer } = record;
  const shown = answer.details.slice(0, IN_SIGHT);
  const rest = answer.details.slice(IN_SIGHT);
  return html`<section class="answer" aria-labelledby="answer">
  <h1 id="answer" data-field="answer.sentence">${answer.sentence}</h1>
  ${shown.length > 0 && html`<p class="details">${shown.join(' ')}</p>`}
  <div class="proof">${evidence(record)}${copies(record)}${rest.length > 0 && more(rest)}</div>
</section>`;
}

function more(sentences: readonly string[]): Html {
  const title = sentences.length === 1 ? 'One more finding' : `${sentences.length} more findings`;
  return html`<details class="more"><summary>${title}</summary><ul>${sentences.map((sentence) => html`<li>${sentence}</li>`)}</ul></details>`;
}

/** The one figure that the answer rests on, with its interval, read from the record and not from the sentence. */
function evidence(record: RunRecord): Html | undefined {
  const { capacity } = record.answer;
  if (capacity === undefined) return undefined;
  const broken =
    capacity.brokenAtPerS === undefined
      ? html``
      : html`; not at ${capacity.found === undefined ? 'the next rate tried' : 'the lowest rate that broke it'}, ${runFigure(record, 'answer.capacity.brokenAtPerS', perSecond)}/s`;
  const found =
    capacity.found === undefined
      ? html``
      : html`Capacity ${runFigure(record, 'answer.capacity.found.requestsPerS', perSecond)} requests/s, 90 % interval ${runFigure(record, 'answer.capacity.found.lowPerS', perSecond)}–${runFigure(record, 'answer.capacity.found.highPerS', perSecond)}. `;
  return html`<p class="evidence">${found}Proven at ${runFigure(record, 'answer.capacity.requestsPerS', perSecond)} requests/s:
    ${percentileName(capacity.metric)} <strong>${runPercentile(record, 'answer.capacity.evidence', milliseconds)} ms</strong>${broken}.</p>`;
}

function copies(record: RunRecord): Html | undefined {
  const configs = Object.entries(record.answer.config);
  const command = repeatCommand(record);
  return html`<div class="copies">
  ${configs.length > 0 && html`<span class="copies-label">Copy config</span>`}
  ${configs.map(([system, text]) => copyable(system, text))}
  ${copyable('Command', command)}
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
