import { readFileSync } from 'node:fs';
import { type EventLoopUtilization, PerformanceObserver, performance } from 'node:perf_hooks';

export interface Vitals {
  /** Cores; undefined where the system does not say. */
  readonly cpuCores: number | undefined;
  readonly eventLoopUtilization: number;
  readonly gc: { readonly count: number; readonly totalMs: number; readonly longestMs: number };
}

interface GcEntry {
  readonly startTime: number;
  readonly duration: number;
}

/** What the generator's own threads did between `begin` and `end`: CPU, event loop, garbage collection. */
export class GeneratorVitals {
  readonly #taskPaths: readonly string[];
  readonly #gc = { count: 0, totalMs: 0, longestMs: 0 };
  readonly #observer: PerformanceObserver;
  #beganMs = Number.POSITIVE_INFINITY;
  #cpuMs: number | undefined;
  #loop: EventLoopUtilization = performance.eventLoopUtilization();
  #result: Vitals | undefined;

  readonly #sleptMs: (() => number) | undefined;
  #sleptBeforeMs = 0;

  /**
   * Paths under /proc of the threads to add up. `sleptMs`: time that a loop of our own has waited so far, where there
   * is one: libuv takes that for work.
   */
  constructor(taskPaths: readonly (string | undefined)[], sleptMs?: () => number) {
    this.#sleptMs = sleptMs;
    this.#taskPaths = taskPaths.filter((path) => path !== undefined);
    this.#observer = new PerformanceObserver((list) => this.#collected(list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  begin(): void {
    this.#beganMs = performance.now();
    this.#cpuMs = this.#readCpuMs();
    this.#loop = performance.eventLoopUtilization();
    this.#sleptBeforeMs = this.#sleptMs?.() ?? 0;
  }

  /** The first call counts; later ones return the same. */
  end(): Vitals {
    this.#result ??= this.#measure();
    return this.#result;
  }

  #measure(): Vitals {
    this.#collected(this.#observer.takeRecords());
    this.#observer.disconnect();
    const tookMs = performance.now() - this.#beganMs;
    const cpuMs = this.#readCpuMs();
    const known = cpuMs !== undefined && this.#cpuMs !== undefined && tookMs > 0;
    return {
      cpuCores: known ? (cpuMs - (this.#cpuMs ?? 0)) / tookMs : undefined,
      eventLoopUtilization: this.#utilization(tookMs),
      gc: this.#gc,
    };
  }

  #utilization(tookMs: number): number {
    if (this.#sleptMs === undefined) return performance.eventLoopUtilization(this.#loop).utilization;
    return tookMs > 0 ? Math.max(0, 1 - (this.#sleptMs() - this.#sleptBeforeMs) / tookMs) : 0;
  }

  #collected(entries: readonly GcEntry[]): void {
    for (const { startTime, duration } of entries) {
      if (startTime < this.#beganMs) continue;
      this.#gc.count += 1;
      this.#gc.totalMs += duration;
      this.#gc.longestMs = Math.max(this.#gc.longestMs, duration);
    }
  }

  /** The first number of schedstat: nanoseconds on a core. */
  #readCpuMs(): number | undefined {
    try {
      let sumNs = 0;
      for (const path of this.#taskPaths) {
        sumNs += Number(readFileSync(`${path}/schedstat`, 'utf8').split(' ')[0]);
      }
      return this.#taskPaths.length === 0 ? undefined : sumNs / 1e6;
    } catch {
      return undefined;
    }
  }
}
