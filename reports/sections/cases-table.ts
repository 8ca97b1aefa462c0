import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { withoutLoad } from '../../harness/record/settings.ts';
import { caseFigure, casePercentile } from '../figures.ts';
import { milliseconds, percent, perSecond } from '../format.ts';
import { type Html, html } from '../html.ts';
import { caseLabel, isOverloaded, settingsOf } from '../views.ts';
import { scrolling } from './notices.ts';

interface Column {
  readonly title: string;
  /** What the figure is, for whoever points at the head of the column. */
  readonly meaning: string;
  readonly print: (one: CaseRecord) => Html;
}

const ROWS: Column = {
  title: 'rows/s',
  meaning: 'predictions per second',
  print: (one) => caseFigure(one, 'throughput.rowsPerS', perSecond),
};

const COLUMNS: readonly Column[] = [
  { title: 'offered/s', meaning: 'requests per second that were asked for', print: offered },
  {
    title: 'done/s',
    meaning: 'ok completions in the measure phase ÷ its length, with its 95 % interval',
    print: (one) => html`${caseFigure(one, 'throughput.requestsPerS', perSecond)} ${throughputInterval(one)}`,
  },
  { title: 'p50 ms', meaning: 'median response time', print: latency('p50') },
  { title: 'p90 ms', meaning: '90th percentile of the response time', print: latency('p90') },
  { title: 'p99 ms', meaning: '99th percentile of the response time', print: latency('p99') },
  { title: 'p99.9 ms', meaning: '99.9th percentile of the response time', print: latency('p999') },
  { title: 'not ok', meaning: 'share of the scheduled requests that did not end ok', print: notOk },
  {
    title: 'queue ms',
    meaning: "mean, by the server's own clock",
    print: (one) => caseFigure(one, 'serverMs.queue', milliseconds),
  },
  {
    title: 'compute ms',
    meaning: "mean, by the server's own clock",
    print: (one) => caseFigure(one, 'serverMs.compute', milliseconds),
  },
  { title: 'mean batch', meaning: 'rows executed ÷ executions', print: meanBatch },
];

/** Every case with its intervals. Sorts by any column and switches the pictures below, where scripts may run. */
export function casesTable(record: RunRecord): Html {
  const axes = Object.keys(record.cases[0] === undefined ? {} : withoutLoad(record.cases[0].axes));
  const columns = columnsOf(record);
  const head = [
    ...axes.map((name) => ({ title: name, meaning: 'varied by the scenario' })),
    { title: 'load', meaning: 'share of the best saturation, or the rate' },
    ...columns,
    { title: 'status', meaning: 'may this case be believed?' },
  ];
  const picked = new Set(settingsOf(record).flatMap(({ recommended, open }) => (recommended ? open : [])));
  return html`<section aria-labelledby="cases"><h2 id="cases">${record.cases.length === 1 ? 'The one case' : `All ${record.cases.length} cases`}</h2>
  <p class="lead">Response times are timed from the instant a request should have been sent, so a wait in the client counts.
  Small figures are 95 % intervals. <em>over</em>: more load than the setting can carry; the queue grows, so no percentile describes it.
  <span data-needs-script hidden>Press a column's name to sort, a row to see its pictures below.</span></p>
  ${scrolling(
    'All cases',
    html`<table class="cases sortable" id="case-table">
  <thead><tr>${head.map(({ title, meaning }) => html`<th scope="col" data-tip="${meaning}">${title}</th>`)}</tr></thead>
  <tbody>${record.cases.map((one) => row(one, axes, columns, picked.has(one)))}</tbody></table>`,
  )}
</section>`;
}

/** Rows per second only where they differ from requests. */
function columnsOf({ cases }: RunRecord): readonly Column[] {
  const batched = cases.some(({ throughput }) => throughput.rowsPerS !== throughput.requestsPerS);
  return batched ? COLUMNS.toSpliced(2, 0, ROWS) : COLUMNS;
}

function row(
  one: CaseRecord,
  axes: readonly string[],
  columns: readonly Column[],
  recommended: boolean,
): Html {
  const labels = axes.map((name) => one.axes[name] ?? '');
  return html`<tr data-row="${one.id}" data-load="${one.load.label}" data-label="${caseLabel(one)}" class="${recommended ? 'picked' : ''}">
  ${labels.map((label, index) => (index === 0 ? html`<th scope="row">${label}${recommended && html`<span class="pick" aria-label="recommended"> ◂</span>`}</th>` : html`<td class="number">${label}</td>`))}
  ${labels.length === 0 ? html`<th scope="row">${one.load.label}</th>` : html`<td class="number">${one.load.label}</td>`}
  ${columns.map(({ print }) => html`<td class="number">${print(one)}</td>`)}
  <td>${status(one)}</td></tr>`;
}

function offered(one: CaseRecord): Html {
  if (one.load.shape === 'closed') {
    return html`<span data-tip="closed loop: ${one.load.inFlight ?? '?'} requests in flight, each sent when the one before it is answered">closed</span>`;
  }
  return caseFigure(one, 'load.resolvedRate', perSecond);
}

function throughputInterval(one: CaseRecord): Html {
  if (isMissing(one.throughput.interval))
    return html`<span class="ci" data-tip="${one.throughput.interval.missing}">–</span>`;
  return html`<span class="ci">${caseFigure(one, 'throughput.interval.low', perSecond)}–${caseFigure(one, 'throughput.interval.high', perSecond)}</span>`;
}

function latency(metric: 'p50' | 'p90' | 'p99' | 'p999'): Column['print'] {
  return (one) => {
    if (!isOverloaded(one)) return casePercentile(one, `latencyMs.response.${metric}`, milliseconds);
    return html`<span class="over" data-tip="${overTip(one, metric)}" tabindex="0">over<span class="sr-only">: ${overTip(one, metric)}</span></span>`;
  };
}

function overTip(one: CaseRecord, metric: 'p50' | 'p90' | 'p99' | 'p999'): string {
  const found = one.latencyMs.response[metric];
  const seen = isMissing(found)
    ? found.above === undefined
      ? found.missing
      : `above ${milliseconds(found.above)} ms: ${found.missing}`
    : `${milliseconds(found.value)} ms so far`;
  return `${seen}; it describes a growing queue and would rise with a longer run`;
}

function notOk({ counts }: CaseRecord): Html {
  const missed = counts.scheduled - counts.ok;
  const tip = Object.entries(counts.byOutcome)
    .filter(([outcome]) => outcome !== 'ok')
    .map(([outcome, number]) => `${outcome} ${number}`)
    .concat(counts.unsent > 0 ? [`unsent ${counts.unsent}`] : [])
    .concat(counts.inFlightAtEnd > 0 ? [`still open at the end ${counts.inFlightAtEnd}`] : []);
  const text = missed === 0 ? '0' : percent(missed / Math.max(1, counts.scheduled));
  return tip.length === 0
    ? html`${text}`
    : html`<span data-tip="${tip.join(', ')}" tabindex="0">${text}</span>`;
}

function meanBatch(one: CaseRecord): Html {
  return isMissing(one.batch) ? caseFigure(one, 'batch') : caseFigure(one, 'batch.meanRows');
}

const MARKS: Readonly<Record<CaseRecord['credibility']['status'], string>> = {
  valid: '✓',
  overloaded: '▲',
  'client-limited': '◑',
  'connection-limited': '◑',
  inconclusive: '?',
};

function status(one: CaseRecord): Html {
  const { status: name, reasons } = one.credibility;
  const text = html`<span aria-hidden="true">${MARKS[name]}</span> ${name}`;
  if (reasons.length === 0) return html`<span class="status">${text}</span>`;
  const why = reasons.map(({ message, advice }) => `${message}; ${advice}`).join(' · ');
  return html`<span class="status" tabindex="0" data-tip="${why}">${text}<span class="sr-only">: ${why}</span></span>`;
}
