import type { CaseRecord } from '../record/case-record.ts';
import { formatRate, listWords } from '../record/wording.ts';
import type { Axes } from '../scenario/scenario.ts';

/**
 * A setting as people say it, from the axes that vary: `batch 32 and no queue delay`, `no batching`,
 * `cache local and popularity zipf1`. Axes with one label only go unsaid, unless nothing else is left.
 */
export function settingWords(axes: Axes, labels: Readonly<Record<string, readonly string[]>>): string {
  const varying = Object.entries(axes).filter(([name]) => (labels[name]?.length ?? 2) > 1);
  const named = varying.length > 0 ? varying : Object.entries(axes);
  if (axes.batch === '1' && named.every(([name]) => name === 'batch' || name === 'delay'))
    return 'no batching';
  return listWords(named.map(([name, label]) => axisWords(name, label)));
}

function axisWords(name: string, label: string): string {
  if (name === 'batch' && label === '1') return 'no batching';
  if (name !== 'delay') return `${name} ${label}`;
  const delay = label.replace(/^([\d.]+)\s*([a-z]+)$/, '$1 $2');
  return Number.parseFloat(delay) === 0 ? 'no queue delay' : `${delay} queue delay`;
}

/** `Serve it with batch 32 and no queue delay`, `Serve it without batching`. */
export function serveItWith(words: string): string {
  return `Serve it ${words.startsWith('no batching') ? words.replace('no batching', 'without batching') : `with ${words}`}`;
}

/** `at 1,072/s`, `at saturation`. */
export function loadWords({ load }: CaseRecord): string {
  return load.resolvedRate === undefined ? 'at saturation' : `at ${formatRate(load.resolvedRate)}`;
}
