import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseCpuList } from '../../targets/placement.ts';

/** The cores that this process may use. Elsewhere than on Linux nobody can bind to them: empty. */
export function availableCpus(): number[] {
  if (process.platform !== 'linux') return [];
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return parseCpuList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '');
  } catch {
    return Array.from({ length: availableParallelism() }, (_, core) => core);
  }
}
