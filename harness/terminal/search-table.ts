import { expressionsOf } from '../gates/recommend.ts';
import { promisedPercentile } from '../gates/settings.ts';
import type { RunRecord } from '../record/run-record.ts';
import type { SearchRecord } from '../record/search-record.ts';
import { formatCount } from '../record/wording.ts';
import { percentileCell } from './format.ts';
import { alignColumns } from './layout.ts';

/** One line a setting whose capacity was searched: where the promise breaks, and what a long run has proven. */
export function searchTable(record: RunRecord): string[] {
  const searches = record.searches ?? [];
  const axes = Object.keys(record.scenario.axes);
  const percentile = promisedPercentile(expressionsOf(record.decide.slo));
  const header = ['', ...axes, 'capacity', '90 %', 'proven', percentile, 'probes'];
  const units = ['', ...axes.map(() => ''), '/s', '/s', '/s', 'ms there', ''];
  const rows = searches.map((search) => searchRow(search, axes, percentile, record));
  const [first = '', second = '', ...body] = alignColumns([header, units, ...rows]);
  const rule = '-'.repeat(Math.max(first.length, second.length, ...body.map((line) => line.length)));
  return [first, second, rule, ...body, rule];
}

function searchRow(
  { axes: place, found, runs, caseId }: SearchRecord,
  axes: readonly string[],
  percentile: ReturnType<typeof promisedPercentile>,
  { cases, answer }: RunRecord,
): string[] {
  const proof = found.provenPerS === undefined ? undefined : cases.find(({ id }) => id === caseId);
  const { estimate } = found;
  return [
    proof !== undefined && proof.id === answer.capacity?.caseId ? '>' : ' ',
    ...axes.map((axis) => place[axis] ?? '-'),
    estimate === undefined ? bracketOf(found) : formatCount(estimate.requestsPerS),
    estimate === undefined ? '-' : `${formatCount(estimate.lowPerS)}-${formatCount(estimate.highPerS)}`,
    found.provenPerS === undefined ? 'none' : formatCount(found.provenPerS),
    proof === undefined ? '-' : percentileCell(proof.latencyMs.response[percentile]),
    String(runs.filter(({ kind }) => kind === 'probe').length),
  ];
}

function bracketOf({ highestPassPerS: held, lowestBreachPerS: broken }: SearchRecord['found']): string {
  if (held === undefined) return broken === undefined ? '-' : `< ${formatCount(broken)}`;
  return broken === undefined ? `> ${formatCount(held)}` : `${formatCount(held)}-${formatCount(broken)}`;
}
