import { readFileSync } from 'node:fs';
import { type EventLoopUtilization, PerformanceObserver, performance } from 'node:perf_hooks';
import type { SleepFacts } from '../../transports/sleep-tally.ts';
import type { LateWakes } from '../load-engine.ts';

export interface Vitals {
  /** Cores; undefined where the system does not say. */
  readonly cpuCores: number | undefined;
  readonly eventLoopUtilization: number;
  readonly gc: { readonly count: number; readonly totalMs: number; readonly longestMs: number };
  /** Undefined where the loop is not ours. */
  readonly lateWakes: LateWakes | undefined;
}

interface Schedule {
  readonly ranMs: number;
  readonly waitedMs: number;
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
  #schedule: Schedule | undefined;
  #loop: EventLoopUtilization = performance.eventLoopUtilization();
  #result: Vitals | undefined;

  readonly #sleep: SleepFacts | undefined;
  #sleepBefore: SleepFacts = { sleptMs: 0, lateWakes: 0, lateWakesMs: 0 };

  /**
   * Paths under /proc of the threads to add up. `sleep`: of a loop of our own, where there is one: libuv takes its
   * sleep for work.
   */
  constructor(taskPaths: readonly (string | undefined)[], sleep?: SleepFacts) {
    this.#sleep = sleep;
    this.#taskPaths = taskPaths.filter((path) => path !== undefined);
    this.#observer = new PerformanceObserver((list) => this.#collected(list.getEntries()));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  begin(): void {
    this.#beganMs = performance.now();
    this.#schedule = this.#readSchedule();
    this.#loop = performance.eventLoopUtilization();
    if (this.#sleep !== undefined) this.#sleepBefore = snapshot(this.#sleep);
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
    const [before, after] = [this.#schedule, this.#readSchedule()];
    const known = before !== undefined && after !== undefined && tookMs > 0;
    return {
      cpuCores: known ? (after.ranMs - before.ranMs) / tookMs : undefined,
      eventLoopUtilization: this.#utilization(tookMs),
      gc: this.#gc,
      lateWakes: this.#lateWakes(known ? after.waitedMs - before.waitedMs : 0),
    };
  }

  #lateWakes(waitedMs: number): LateWakes | undefined {
    if (this.#sleep === undefined) return undefined;
    const { lateWakes, lateWakesMs } = this.#sleep;
    return {
      count: lateWakes - this.#sleepBefore.lateWakes,
      totalMs: lateWakesMs - this.#sleepBefore.lateWakesMs,
      waitedMs,
    };
  }

  #utilization(tookMs: number): number {
    if (this.#sleep === undefined) return performance.eventLoopUtilization(this.#loop).utilization;
    return tookMs > 0 ? Math.max(0, 1 - (this.#sleep.sleptMs - this.#sleepBefore.sleptMs) / tookMs) : 0;
  }

  #collected(entries: readonly GcEntry[]): void {
    for (const { startTime, duration } of entries) {
      if (startTime < this.#beganMs) continue;
      this.#gc.count += 1;
      this.#gc.totalMs += duration;
      this.#gc.longestMs = Math.max(this.#gc.longestMs, duration);
    }
  }

  /** The first numbers of schedstat: nanoseconds on a core, and ready but waiting for one. */
  #readSchedule(): Schedule | undefined {
    try {
      let [ranNs, waitedNs] = [0, 0];
      for (const path of this.#taskPaths) {
        const [ran, waited] = readFileSync(`${path}/schedstat`, 'utf8').split(' ').map(Number);
        ranNs += ran ?? 0;
        waitedNs += waited ?? 0;
      }
      return this.#taskPaths.length === 0 ? undefined : { ranMs: ranNs / 1e6, waitedMs: waitedNs / 1e6 };
    } catch {
      return undefined;
    }
  }
}

function snapshot({ sleptMs, lateWakes, lateWakesMs }: SleepFacts): SleepFacts {
  return { sleptMs, lateWakes, lateWakesMs };
}
