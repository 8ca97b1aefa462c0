import { dirname, join } from 'node:path';
import type { RunRecord } from '../record/run-record.ts';
import { countOf } from '../record/wording.ts';
import { formatSeconds, noticeText } from './format.ts';
import { labelled } from './layout.ts';

/** What the first line is called where it is not an answer to `which setting?`. */
const ANSWER_LABEL: Readonly<Partial<Record<RunRecord['answer']['status'], string>>> = {
  'no-slo': 'TRADE-OFF',
  'not-asked': 'FOUND',
};

/** What stands below the table: the answer, what to know, what to do next, the tally, the report's path last. */
export function closingLines(record: RunRecord, reportPath: string | undefined, tookS: number): string[] {
  const { answer, notices } = record;
  return [
    '',
    ...(answer.sentence === '' ? [] : [labelled(ANSWER_LABEL[answer.status] ?? 'ANSWER', answer.sentence)]),
    ...answer.details.map((detail) => labelled('', detail)),
    ...notices.slice(0, 3).map((notice) => labelled('NOTE', noticeText(notice))),
    ...(reportPath === undefined ? [] : nextSteps(record, join(dirname(dirname(reportPath)), 'latest'))),
    ...gateLines(record),
    '',
    `  ${tally(record)}`,
    ...(reportPath === undefined ? [] : [`  report  ${reportPath}   ${formatSeconds(tookS)}`]),
  ];
}

/** Commands that can be pasted, so never broken into lines: the bill, and a gate on the case that proves the capacity. */
function nextSteps(record: RunRecord, run: string): string[] {
  const { capacity } = record.answer;
  const [slo] = record.decide.slo;
  if (capacity === undefined || slo === undefined) return [];
  const axes = Object.entries(record.cases.find((one) => one.id === capacity.caseId)?.axes ?? {});
  const where = axes.map(([axis, label]) => `${axis}=${label}`).join(',');
  return [
    labelled('NEXT', 'What a fleet would cost, and a gate on this promise:'),
    `  npx inferometer cost ${run} --traffic 500/s --headroom 30%`,
    `  npx inferometer gate ${run} --budget '${slo.replaceAll(' ', '')} @ ${where}'`,
  ];
}

function gateLines(record: RunRecord): string[] {
  const gates = record.cases.flatMap((one) => one.gates);
  return gates.map((gate) => labelled(`GATE ${gate.outcome === 'pass' ? 'ok' : gate.outcome}`, gate.message));
}

function tally(record: RunRecord): string {
  const counts = new Map<string, number>();
  for (const { credibility } of record.cases) {
    counts.set(credibility.status, (counts.get(credibility.status) ?? 0) + 1);
  }
  const failed = record.cases.reduce((sum, one) => sum + one.counts.failed + one.counts.timedOut, 0);
  const statuses = [...counts].map(([status, count]) => `${count} ${status}`);
  const measured = record.cases.length;
  const { plannedCases } = record.scenario;
  const cases = record.partial
    ? `${measured} of ${countOf(plannedCases, 'case')}, partial`
    : countOf(measured, 'case');
  const isTold = record.notices.some(({ id }) => id === 'failed-requests');
  const parts = [...statuses, `${countOf(failed, 'failed request')}${isTold ? ', see the note' : ''}`];
  return `${cases}: ${parts.join(' · ')}`;
}
