import type { CaseRecord, ChangeRecord } from './case-record.ts';
import { isMissing } from './figures.ts';
import type { Window } from './measured.ts';

/** What was measured between two changes of the target; the first lies before all of them. */
export interface Stretch {
  /** The changes that it begins with: all that began within one window. Empty: nothing had happened yet. */
  readonly changes: readonly ChangeRecord[];
  readonly fromS: number;
  readonly toS: number;
  readonly ok: number;
  readonly notOk: number;
  /** Its window of the highest p99; absent where none was answered. */
  readonly worst?: { readonly window: Window; readonly p99Ms: number };
}

/** The changes that belong to the windows of the record, which are those of the last trial. */
export function changesInSight({
  changes = [],
  trials,
}: Pick<CaseRecord, 'changes' | 'trials'>): ChangeRecord[] {
  return changes.filter(({ trial }) => trial === trials.length - 1);
}

/**
 * The measure phase cut at the windows in which changes began. Such a window belongs to what follows: what a change does
 * must not be found in the quiet before it. Changes that began in one window cannot be told apart.
 *
 *     windows    |    |    |    |    |    |
 *     changes           A         B C
 *     stretches  | quiet | A     | B, C   |
 */
export function stretchesOf(
  one: Pick<CaseRecord, 'changes' | 'trials' | 'windows' | 'durationS'>,
): Stretch[] {
  const begun = changesInSight(one);
  const cuts: { readonly fromS: number; readonly changes: ChangeRecord[]; readonly windows: Window[] }[] = [
    { fromS: 0, changes: [], windows: [] },
  ];
  for (const window of one.windows.filter(({ phase }) => phase === 'measure')) {
    const endS = window.startS + window.durationS;
    const changes = begun.filter(({ atS }) => atS >= window.startS && atS < endS);
    if (changes.length > 0) cuts.push({ fromS: changes[0]?.atS ?? window.startS, changes, windows: [] });
    cuts.at(-1)?.windows.push(window);
  }
  return cuts.map(({ fromS, changes, windows }, index) =>
    stretchOf(changes, fromS, cuts[index + 1]?.fromS ?? one.durationS, windows),
  );
}

function stretchOf(
  changes: readonly ChangeRecord[],
  fromS: number,
  toS: number,
  windows: readonly Window[],
): Stretch {
  const worst = worstWindow(windows);
  return {
    changes,
    fromS,
    toS,
    ok: windows.reduce((sum, { ok }) => sum + ok, 0),
    notOk: windows.reduce((sum, { notOk }) => sum + notOk, 0),
    ...(worst === undefined ? {} : { worst }),
  };
}

/** The window of the highest p99; undefined where nothing was answered in any. */
export function worstWindow(windows: readonly Window[]): Stretch['worst'] {
  const known = windows.flatMap((window) =>
    isMissing(window.responseP99Ms) ? [] : [{ window, p99Ms: window.responseP99Ms }],
  );
  return known.reduce<Stretch['worst']>(
    (worst, one) => (worst === undefined || one.p99Ms > worst.p99Ms ? one : worst),
    undefined,
  );
}
