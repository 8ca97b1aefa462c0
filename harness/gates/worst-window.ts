import type { CaseRecord } from '../record/case-record.ts';
import { isMissing } from '../record/figures.ts';
import type { Window } from '../record/measured.ts';
import { withoutLoad } from '../record/settings.ts';
import { type Stretch, stretchesOf, worstWindow } from '../record/stretches.ts';
import { countOf, formatCount, formatMs, listWords } from '../record/wording.ts';
import type { Expression } from '../scenario/expression.ts';
import type { Words } from './answer-parts.ts';

/**
 * What the changes of a running server did to its users: the window of the highest p99, what it followed, and whether the
 * promised p99 held in every window; then what it was without changes, and after each. A window's p99 is a picture without
 * an interval: it is told beside those of a quiet server, and decides nothing.
 */
export function worstWindowSentences(
  cases: readonly CaseRecord[],
  slo: readonly Expression[],
  words: Words,
): string[] {
  const changed = cases.filter(({ changes = [] }) => changes.length > 0);
  const told = changed.flatMap((one) => sentencesOf(one, cases, slo, words));
  return told.length > 0
    ? told
    : ['Nothing happened to the server, so no window can be told to be its worst.'];
}

function sentencesOf(
  one: CaseRecord,
  cases: readonly CaseRecord[],
  slo: readonly Expression[],
  words: Words,
): string[] {
  const [quiet, ...after] = stretchesOf(one);
  const worst = worstOf(after);
  if (worst?.worst === undefined) return [];
  const several = cases.filter(({ changes = [] }) => changes.length > 0).length > 1;
  const where = several ? ` with ${words(withoutLoad(one.axes))} at ${one.load.label}` : '';
  const controls = controlsOf(one, cases);
  return [
    `${promiseSentence(one, worst.worst.p99Ms, controls, slo)}${where}: the worst window, ${formatMs(worst.worst.p99Ms)}, followed ${followed(worst)}.`,
    ...doubtSentences(one),
    ...quietSentences(quiet, controls, words),
    `The worst p99 of a window after each of them. ${after.map(afterWords).join('; ')}.`,
    lossSentence(one, [...(quiet === undefined ? [] : [quiet]), ...after]),
  ];
}

/**
 * `p99 stayed below 50 ms in each of 21 windows`, or in how many it did not, and in how many it did not without changes;
 * where no p99 is promised just how high it came.
 */
function promiseSentence(
  one: CaseRecord,
  worstMs: number,
  controls: readonly CaseRecord[],
  slo: readonly Expression[],
): string {
  const windows = countOf(measured(one).length, 'window');
  const promised = slo.find(({ metric, op }) => metric === 'p99' && op.startsWith('<'))?.bound;
  if (promised === undefined) return `p99 came to ${formatMs(worstMs)} at most in ${windows}`;
  const above = notBelow(measured(one), promised);
  if (above === 0) return `p99 stayed below ${formatMs(promised)} in each of ${windows}`;
  const quiet = controls.flatMap(measured);
  const without =
    quiet.length === 0 ? '' : ` (without changes in ${notBelow(quiet, promised)} of ${quiet.length})`;
  return `p99 was not below ${formatMs(promised)} in ${above} of ${windows}${without}`;
}

function measured({ windows }: CaseRecord): Window[] {
  return windows.filter(({ phase }) => phase === 'measure');
}

/** A window in which nothing was answered kept no promise. */
function notBelow(windows: readonly Window[], promisedMs: number): number {
  return windows.filter(({ responseP99Ms }) => isMissing(responseP99Ms) || responseP99Ms >= promisedMs)
    .length;
}

/** The same load on a server that nothing happened to. */
function controlsOf({ load }: CaseRecord, cases: readonly CaseRecord[]): CaseRecord[] {
  return cases.filter((other) => other.changes === undefined && other.load.label === load.label);
}

function worstOf(stretches: readonly Stretch[]): Stretch | undefined {
  return stretches.reduce<Stretch | undefined>(
    (worst, one) => ((one.worst?.p99Ms ?? 0) > (worst?.worst?.p99Ms ?? 0) ? one : worst),
    undefined,
  );
}

function followed(stretch: Stretch): string {
  return `${changesOf(stretch)} at ${formatMs(1000 * stretch.fromS)}`;
}

/** `shadow.set none with split.set 2: 100%`: what began within one window. */
function changesOf({ changes }: Stretch): string {
  return changes.map(({ what }) => what).join(' with ');
}

function quietSentences(quiet: Stretch | undefined, controls: readonly CaseRecord[], words: Words): string[] {
  const before = quiet?.worst === undefined ? [] : [`${formatMs(quiet.worst.p99Ms)} before the first change`];
  const beside = controls.flatMap((control) => {
    const worst = worstWindow(measured(control));
    const setting = words(withoutLoad(control.axes));
    return worst === undefined ? [] : [`${formatMs(worst.p99Ms)} with ${setting}`];
  });
  const told = [...before, ...beside];
  return told.length === 0 ? [] : [`Without changes the worst was ${listWords(told)}.`];
}

/** A late client lengthens what it measures, and other doubts are as good a reason not to quote it. */
function doubtSentences({ credibility }: CaseRecord): string[] {
  const [reason] = credibility.reasons;
  if (credibility.status === 'valid' || reason === undefined) return [];
  return [`This case is ${credibility.status}, so do not quote it. ${reason.message}`];
}

function afterWords(stretch: Stretch): string {
  const { worst } = stretch;
  return `${changesOf(stretch)}: ${worst === undefined ? 'nothing was answered' : formatMs(worst.p99Ms)}`;
}

function lossSentence(one: CaseRecord, stretches: readonly Stretch[]): string {
  const lost = stretches.reduce((sum, { notOk }) => sum + notOk, 0);
  if (lost === 0) return `None of ${countOf(one.counts.scheduled, 'request')} failed.`;
  const most = stretches.reduce((worst, stretch) => (stretch.notOk > worst.notOk ? stretch : worst));
  const when = most.changes.length === 0 ? 'before the first change' : `after ${followed(most)}`;
  return `${formatCount(lost)} of ${countOf(one.counts.scheduled, 'request')} failed, the most of them ${when}.`;
}
