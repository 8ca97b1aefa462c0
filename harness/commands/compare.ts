import { EXIT } from '../errors.ts';
import { type Comparison, compareRuns } from '../gates/compare-runs.ts';
import type { RunRecord } from '../record/run-record.ts';
import { formatMs, formatRate } from '../record/wording.ts';
import { axesText, fittedColumns, labelled } from '../terminal/layout.ts';
import type { CommandResult } from './cost.ts';

/** Two runs side by side. Comparing reports and never fails: gating a change is for `gate`. */
export function compareCommand(before: RunRecord, after: RunRecord): CommandResult {
  const compared = compareRuns(before, after);
  const { comparisons, remarks, unmatched } = compared;
  const count = (change: Comparison['change']) => comparisons.filter((one) => one.change === change).length;
  const tally = (['regression', 'improvement', 'no difference shown', 'not enough data'] as const)
    .filter((change) => count(change) > 0)
    .map((change) => `${count(change)} ${change}`);
  const missing = new Set(comparisons.flatMap(({ reason }) => (reason === undefined ? [] : [reason])));
  const text = [
    'inferometer compare',
    labelled('before', `${before.scenario.name} · ${before.id}`),
    labelled('after', `${after.scenario.name} · ${after.id}`),
    ...remarks.map((remark) => labelled('!', remark)),
    '',
    ...(comparisons.length === 0 ? ['  No case of one run has a partner in the other.'] : table(comparisons)),
    '',
    labelled(
      'INTERVALS',
      'after / before with 95 % intervals, from those of the two runs: not a paired test.',
    ),
    ...[...missing].slice(0, 3).map((reason) => labelled('BECAUSE', reason)),
    ...(unmatched.length === 0 ? [] : [labelled('UNMATCHED', unmatchedText(unmatched))]),
    labelled('RESULT', tally.length === 0 ? 'nothing to compare' : tally.join(' · ')),
    '',
  ].join('\n');
  const exitCode = comparisons.some(({ ratio }) => ratio !== undefined) ? EXIT.ok : EXIT.cannotAnswer;
  return { text, json: { before: before.id, after: after.id, ...compared }, exitCode };
}

function unmatchedText(unmatched: readonly Comparison['axes'][]): string {
  const more = unmatched.length > 3 ? `; and ${unmatched.length - 3} more` : '';
  return `in one run only: ${unmatched.slice(0, 3).map(axesText).join('; ')}${more}`;
}

function table(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.map(({ axes, metric, before, after, ratio, change }) => [
    Object.values(axes).join(' · '),
    metric,
    before === undefined ? '-' : figure(metric, before),
    after === undefined ? '-' : figure(metric, after),
    ratio === undefined ? '-' : `${percent(ratio.value)} (${percent(ratio.low)} ${percent(ratio.high)})`,
    MARKS[change],
  ]);
  const axes = Object.keys(comparisons[0]?.axes ?? {}).join(' · ');
  return fittedColumns([[axes, '', 'before', 'after', 'change (95 %)', ''], ...rows], [0, 1, 5]);
}

const MARKS: Readonly<Record<Comparison['change'], string>> = {
  regression: 'x worse',
  improvement: '+ better',
  'no difference shown': '=',
  'not enough data': '?',
};

function figure(metric: Comparison['metric'], value: number): string {
  return metric === 'throughput' ? formatRate(value) : formatMs(value);
}

/** `+12 %` of a ratio of 1.12. */
function percent(ratio: number): string {
  const change = (ratio - 1) * 100;
  const digits = Math.abs(change) < 9.5 ? 1 : 0;
  return `${change >= 0 ? '+' : ''}${change.toFixed(digits)} %`;
}
