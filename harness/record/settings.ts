import type { CaseRecord } from './case-record.ts';

type Axes = Readonly<Record<string, string>>;

/** What the axes say of the setting: all but the load. */
export function withoutLoad(axes: Axes): Axes {
  return Object.fromEntries(Object.entries(axes).filter(([name]) => name !== 'load'));
}

/** Equal for equal settings, in whatever order their axes were written. */
export function settingKey(axes: Axes): string {
  return JSON.stringify(Object.entries(withoutLoad(axes)).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Cases by setting, in the order in which the settings appear. */
export function bySetting(
  cases: readonly CaseRecord[],
): { readonly key: string; readonly axes: Axes; readonly cases: readonly CaseRecord[] }[] {
  const groups = new Map<string, CaseRecord[]>();
  for (const one of cases) {
    const group = groups.get(settingKey(one.axes));
    if (group === undefined) groups.set(settingKey(one.axes), [one]);
    else group.push(one);
  }
  return [...groups].map(([key, group]) => ({ key, axes: withoutLoad(group[0]?.axes ?? {}), cases: group }));
}
