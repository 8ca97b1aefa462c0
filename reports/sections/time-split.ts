import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { caseFigure } from '../figures.ts';
import { milliseconds, percent, perSecond } from '../format.ts';
import { type Html, html } from '../html.ts';
import { casesAtLoad, commonLoad, isOverloaded, mostTelling, settingLabel, settingsOf } from '../views.ts';

/** Mean milliseconds of one request, by where they went. Means add up; percentiles do not. */
interface Split {
  /** Waited for the client: it was late, or no connection was free. */
  readonly unsentMs: number;
  readonly queueMs: number;
  readonly computeMs: number;
  /** Network, HTTP and whatever else is between the client's clock and the server's. */
  readonly restMs: number;
  readonly totalMs: number;
}

const PARTS = [
  { key: 'unsentMs', className: 'unsent', name: 'waiting to be sent' },
  { key: 'queueMs', className: 'queue', name: 'queue' },
  { key: 'computeMs', className: 'compute', name: 'compute' },
  { key: 'restMs', className: 'rest', name: 'network and rest' },
] as const;

function splitOf(one: CaseRecord): Split | undefined {
  const { response, service } = one.latencyMs;
  const { queue, compute } = one.serverMs;
  if (isMissing(response.mean) || isMissing(service.mean) || isMissing(queue) || isMissing(compute))
    return undefined;
  return {
    unsentMs: Math.max(0, response.mean - service.mean),
    queueMs: queue,
    computeMs: compute,
    restMs: Math.max(0, service.mean - queue - compute),
    totalMs: response.mean,
  };
}

/** Rows on the first screen. */
const ROWS = 8;

export function timeSplitSection(record: RunRecord): Html {
  const load = commonLoad(record);
  const all = load === undefined ? [] : casesAtLoad(record, load);
  const telling = mostTelling(settingsOf(record), ROWS);
  const cases = all.filter((one) => telling.some(({ open }) => open.includes(one)));
  const rate = cases[0]?.load.resolvedRate;
  const at = rate === undefined ? (load ?? '') : `${perSecond(rate)}/s`;
  const splits = cases.filter((one) => !isOverloaded(one)).flatMap((one) => splitOf(one) ?? []);
  const longestMs = Math.max(0, ...splits.map(({ totalMs }) => totalMs));
  const body =
    splits.length === 0
      ? html`<p class="none">${whyNone(cases)}</p>`
      : html`<table class="split"><caption class="sr-only">Mean time of a request in milliseconds, by where it went</caption>
  <thead class="sr-only"><tr><th scope="col">setting</th><th scope="col">mean response, ms</th><th scope="col">parts</th></tr></thead>
  <tbody>${cases.map((one) => row(record, one, longestMs))}</tbody></table>
  <p class="note">${closing(splits)}${all.length > cases.length && ` ${all.length - cases.length} more settings are in the table of cases.`}</p>`;
  return html`<section class="card" aria-labelledby="split">
  <div class="headline"><h2 id="split">Where the time goes${at === '' ? '' : ` at ${at}`}</h2>
  ${splits.length > 0 && html`<ul class="legend inline">${PARTS.map(({ className, name }) => html`<li><svg class="swatch" aria-hidden="true"><rect class="part ${className}" width="100%" height="100%"/></svg>${name}</li>`)}</ul>`}</div>
  ${body}
</section>`;
}

function whyNone(cases: readonly CaseRecord[]): string {
  const reasons = cases.flatMap(({ serverMs }) =>
    isMissing(serverMs.queue) ? [serverMs.queue.missing] : [],
  );
  return `Queue and compute cannot be told apart here: ${reasons[0] ?? 'no setting carries this load'}.`;
}

function row(record: RunRecord, one: CaseRecord, longestMs: number): Html {
  const recommended = settingsOf(record).some(({ recommended, open }) => recommended && open.includes(one));
  const split = isOverloaded(one) ? undefined : splitOf(one);
  const name = html`<th scope="row">${settingLabel(one.axes)}${recommended && html` <span class="pick" aria-label="recommended">◂</span>`}</th>`;
  if (split === undefined) {
    const why = isOverloaded(one) ? 'over' : 'not known';
    return html`<tr>${name}<td class="number"></td><td class="over">${why}</td></tr>`;
  }
  return html`<tr>${name}<td class="number">${caseFigure(one, 'latencyMs.response.mean', milliseconds)} ms</td><td>${bar(split, longestMs)}${parts(one, split)}</td></tr>`;
}

/** The parts end to end, on the scale of the longest setting. */
function bar(split: Split, longestMs: number): Html {
  let fromMs = 0;
  const rects = PARTS.map(({ key, className, name }) => {
    const x = share(fromMs / longestMs);
    fromMs += split[key];
    const tip = `${name}: ${milliseconds(split[key])} ms, ${percent(split[key] / split.totalMs)}`;
    return html`<rect class="part ${className}" x="${x}" width="${share(split[key] / longestMs)}" height="100%" data-tip="${tip}"/>`;
  });
  return html`<svg class="bar" aria-hidden="true">${rects}</svg>`;
}

function share(part: number): string {
  return `${(part * 100).toFixed(2)}%`;
}

function parts(one: CaseRecord, split: Split): Html {
  return html`<span class="sr-only">waiting to be sent ${milliseconds(split.unsentMs)} ms, queue ${caseFigure(one, 'serverMs.queue', milliseconds)} ms,
  compute ${caseFigure(one, 'serverMs.compute', milliseconds)} ms, network and rest ${milliseconds(split.restMs)} ms</span>`;
}

/** How much of what the client timed the server's own clock accounts for. */
function closing(splits: readonly Split[]): string {
  const shares = splits.map(
    ({ queueMs, computeMs, restMs }) => (queueMs + computeMs) / (queueMs + computeMs + restMs),
  );
  const [low, high] = [Math.min(...shares), Math.max(...shares)].map((value) => Math.round(value * 100));
  const range = low === high ? `${low} %` : `${low}–${high} %`;
  return `Means, because means add up. Queue and compute are the server's own clock; they account for ${range} of the time from send to answer.`;
}
