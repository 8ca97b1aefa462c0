import type { CaseRecord, ChangeRecord } from './case-record.ts';
import { isMissing } from './figures.ts';
import type { Window } from './measured.ts';

/** What was measured between two changes of the target; the first lies before all of them. */
export interface Stretch {
  /** The change that it begins with; absent: nothing had happened yet. */
  readonly change?: ChangeRecord;
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
 * The measure phase cut at the instants at which changes began. A window in which one began belongs to what follows:
 * what a change does must not be found in the quiet before it.
 *
 *     windows    |    |    |    |    |    |
 *     changes              A        B
 *     stretches  | quiet   | A       | B  |
 */
export function stretchesOf(
  one: Pick<CaseRecord, 'changes' | 'trials' | 'windows' | 'durationS'>,
): Stretch[] {
  const begun = changesInSight(one).filter(({ atS }) => atS < one.durationS);
  const measured = one.windows.filter(({ phase }) => phase === 'measure');
  const starts = [undefined, ...begun];
  return starts.map((change, index) => {
    const fromS = change?.atS ?? 0;
    const toS = begun[index]?.atS ?? one.durationS;
    const own = measured.filter((window) => lastBegunIn(window, begun) === index);
    return stretchOf(change, fromS, toS, own);
  });
}

/** How many changes had begun when a window ended. */
function lastBegunIn({ startS, durationS }: Window, begun: readonly ChangeRecord[]): number {
  return begun.filter(({ atS }) => atS < startS + durationS).length;
}

function stretchOf(
  change: ChangeRecord | undefined,
  fromS: number,
  toS: number,
  windows: readonly Window[],
): Stretch {
  const worst = worstWindow(windows);
  return {
    ...(change === undefined ? {} : { change }),
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
