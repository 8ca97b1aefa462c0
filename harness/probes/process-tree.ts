import { readdirSync, readFileSync } from 'node:fs';
import { KeptFile } from './kept-file.ts';
import type { Probe } from './probe.ts';

/** /proc counts CPU time in ticks of 1/100 s on every Linux that Node supports (USER_HZ). */
const TICK_MS = 10;

/**
 * CPU (cores) and resident memory of one or several processes and all that they started. Linux only. `roots`: one, or
 * those that there are now; the time of one that has ended stays counted.
 */
export function processTreeProbe(
  roots: number | (() => readonly number[]),
  nowMs: () => number = () => performance.now(),
): Probe {
  if (process.platform !== 'linux') {
    return unavailable('the CPU and memory of another process are read from /proc, which only Linux has');
  }
  const tree = new ProcessTrees(typeof roots === 'number' ? () => [roots] : roots);
  let gaps: Record<string, string> = {};
  let last = reading();

  function reading(): Reading | undefined {
    tree.discover();
    const used = tree.used();
    const ended = `the process ${tree.roots.join(', ')} has ended`;
    gaps = used === undefined ? { cpuCores: ended, rssMiB: ended, processes: ended } : {};
    return used === undefined ? undefined : { ...used, atMs: nowMs() };
  }

  return {
    name: 'server',
    metrics: { cpuCores: 'cores', rssMiB: 'MiB', processes: 'processes' },
    read() {
      const before = last;
      last = reading();
      if (last === undefined) return { cpuCores: null, rssMiB: null, processes: null };
      const usedMs = last.cpuMs - (before?.cpuMs ?? 0);
      // Only the time of a child that nobody collects leaves the sum.
      const cpuCores = before === undefined ? null : Math.max(0, usedMs) / (last.atMs - before.atMs);
      return { cpuCores, rssMiB: last.rssMiB, processes: last.processes };
    },
    get gaps() {
      return gaps;
    },
    close: () => tree.close(),
  };
}

interface Used {
  readonly cpuMs: number;
  readonly rssMiB: number;
  readonly processes: number;
}
interface Reading extends Used {
  readonly atMs: number;
}

interface Watched {
  readonly stat: KeptFile;
  readonly status: KeptFile;
  /** When it was last read. */
  cpuMs: number;
}

class ProcessTrees {
  readonly #roots: () => readonly number[];
  /** All that were ever roots. */
  readonly #known = new Set<number>();
  readonly #members = new Map<number, Watched>();
  /** Of roots that have ended. */
  #endedMs = 0;

  constructor(roots: () => readonly number[]) {
    this.#roots = roots;
  }

  get roots(): readonly number[] {
    return this.#roots();
  }

  /** Walks from the roots over the children of every thread; known ones are only passed through. */
  discover(): void {
    const queue = [...this.roots];
    for (const pid of queue) {
      if (this.#known.has(pid)) continue;
      this.#known.add(pid);
      this.#add(pid);
    }
    for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
      for (const child of childrenOf(pid)) {
        this.#add(child);
        queue.push(child);
      }
    }
  }

  /** undefined when all roots are gone. */
  used(): Used | undefined {
    let [cpuMs, rssMiB] = [0, 0];
    for (const [pid, watched] of this.#members) {
      try {
        const [ticks, residentMiB] = [
          cpuTicks(watched.stat.read()),
          residentKiB(watched.status.read()) / 1024,
        ];
        watched.cpuMs = ticks * TICK_MS;
        cpuMs += watched.cpuMs;
        rssMiB += residentMiB;
      } catch {
        // The time of any other is its parent's, who collects it.
        if (this.#known.has(pid)) this.#endedMs += watched.cpuMs;
        this.#drop(pid);
      }
    }
    const lives = this.roots.some((pid) => this.#members.has(pid));
    return lives ? { cpuMs: cpuMs + this.#endedMs, rssMiB, processes: this.#members.size } : undefined;
  }

  close(): void {
    for (const pid of [...this.#members.keys()]) this.#drop(pid);
  }

  #add(pid: number): void {
    if (this.#members.has(pid)) return;
    try {
      const stat = new KeptFile(`/proc/${pid}/stat`);
      this.#members.set(pid, { stat, status: new KeptFile(`/proc/${pid}/status`), cpuMs: 0 });
    } catch {
      // Ended between being listed and being opened.
    }
  }

  #drop(pid: number): void {
    const files = this.#members.get(pid);
    files?.stat.close();
    files?.status.close();
    this.#members.delete(pid);
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/**
 * utime + stime + cutime + cstime. With the last two a child's time stays in the sum when it ends and its
 * parent collects it, so it is not lost. The name in parentheses may hold spaces: count from its end.
 */
function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
}

/** A process that is ending has no VmRSS line any more. */
function residentKiB(status: string): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}

function unavailable(missing: string): Probe {
  return { name: 'server', metrics: { missing }, read: () => ({}), close() {} };
}
