import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import { stopWords } from '../../harness/record/wording.ts';
import { caseFigure, casePercentile } from '../figures.ts';
import { count, milliseconds, significant } from '../format.ts';
import { type Html, html } from '../html.ts';
import { askedTerms, classTable } from './asked.ts';

/** What was asked of a case, what became of every request, and how far its figures carry. */
export function facts(one: CaseRecord): Html {
  return html`<dl class="terms">
  <dt>requests</dt><dd>${counted(one)}</dd>
  <dt>p99, ms</dt><dd>response ${p99(one, 'response')}, of which service ${p99(one, 'service')}; send lag ${p99(one, 'sendLag')}, of which dispatch lag ${p99(one, 'dispatchLag')}</dd>
  ${one.bodyBytes !== undefined && html`<dt>a body, bytes</dt><dd>${caseFigure(one, 'bodyBytes.sent', count)} sent, ${caseFigure(one, 'bodyBytes.received', count)} received, on average</dd>`}
  ${one.trials.length > 1 && html`<dt>trials</dt><dd>${trials(one)}</dd>`}
  ${one.trials.some((trial) => trial.stopped !== undefined) && html`<dt>stopped</dt><dd>${stops(one)}</dd>`}
  <dt>steady?</dt><dd>${one.steady.verdict}: ${one.steady.message}</dd>
  <dt>independence</dt><dd>design effect ${caseFigure(one, 'designEffect')}: as good as that many times fewer independent requests</dd>
  ${littlesLaw(one)}
  ${askedTerms(one)}
  ${one.load.law !== undefined && html`<dt>offered</dt><dd>${one.load.law.words}: ${count(one.load.law.meanPerS)}/s on average, ${count(one.load.law.peakPerS)}/s at most${one.load.arrivals !== undefined && html`, ${one.load.arrivals} arrivals`}</dd>`}
  ${one.versions !== undefined && html`<dt>versions</dt><dd>${routed(one, 'versions', 'version')}</dd>`}
  ${one.shadow !== undefined && html`<dt>shadow</dt><dd>${routed(one, 'shadow', '')}: copies of requests that another version answered</dd>`}
  ${one.mlperf !== undefined && html`<dt>MLPerf</dt><dd>${one.mlperf.statement}</dd>`}
  <dt>effective target</dt><dd>${settings(one.target.effective)}</dd>
</dl>${classTable(one)}`;
}

function counted(one: CaseRecord): Html {
  const number = (field: string): Html => caseFigure(one, `counts.${field}`, count);
  return html`${number('scheduled')} scheduled = ${number('sent')} sent + ${number('unsent')} unsent;
    sent = ${number('ok')} ok + ${number('failed')} failed + ${number('timedOut')} timed out + ${number('cancelled')} cancelled + ${number('inFlightAtEnd')} still open.
    The server counted ${caseFigure(one, 'serverArrivals', count)}, the ${caseFigure(one, 'warmupCounts.sent', count)} of the warm-up included.`;
}

function p99(one: CaseRecord, time: string): Html {
  return casePercentile(one, `latencyMs.${time}.p99`, milliseconds);
}

function trials(one: CaseRecord): Html {
  return html`p99 of each: ${one.trials.map((_, index) => html`${index > 0 && ' · '}${casePercentile(one, `trials.${index}.latencyMs.response.p99`, milliseconds)}`)} ms`;
}

function stops(one: CaseRecord): string {
  return one.trials.flatMap(({ stopped }) => (stopped === undefined ? [] : [stopWords(stopped)])).join(' · ');
}

function littlesLaw(one: CaseRecord): Html | undefined {
  if (isMissing(one.littlesLaw)) return undefined;
  return html`<dt>Little's law</dt><dd>${caseFigure(one, 'littlesLaw.concurrency')} in flight; completions × mean time imply ${caseFigure(one, 'littlesLaw.implied')}</dd>`;
}

/** `version 1 900 · version 2 100`: counts by their name. */
function routed(one: CaseRecord, field: 'versions' | 'shadow', word: string): Html {
  const names = Object.keys(one[field] ?? {});
  return html`${names.map((name, index) => html`${index > 0 && ' · '}${word} ${name} ${caseFigure(one, `${field}.${name}`, count)}`)}`;
}

function settings(effective: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(effective).map(([name, value]) => `${name} ${printed(value)}`);
  return words.length === 0 ? 'it told nothing' : words.join(' · ');
}

function printed(value: unknown): string {
  if (typeof value === 'number') return significant(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
