import { readdirSync, readFileSync } from 'node:fs';

/**
 * Microseconds that a process, its threads and its living descendants have spent on cores, by the scheduler's own account
 * (nanoseconds; /proc/<pid>/stat counts in ticks of 10 ms). Threads that have ended are not in it.
 */
export function treeCpuUs(pid: number): number {
  let sumNs = 0;
  for (const task of tasksOf(pid)) {
    sumNs += Number(read(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0] ?? 0);
    for (const child of read(`/proc/${pid}/task/${task}/children`).split(' ')) {
      if (child.trim() !== '') sumNs += 1000 * treeCpuUs(Number(child));
    }
  }
  return sumNs / 1000;
}

/** Resident bytes of one process; undefined when it has ended. */
export function residentBytes(pid: number): number | undefined {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
