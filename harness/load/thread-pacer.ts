import { Worker } from 'node:worker_threads';
import { packageFile } from '../package-files.ts';
import type { NowMs } from './clock.ts';
import { type Pacer, PROBE_INTERVAL_MS } from './pacer.ts';
import { allocatePacerMemory, CONTROL, type PacerMemory } from './pacer-memory.ts';

/**
 * Wakes this thread's event loop when an arrival is due. libuv's timers tick in milliseconds (0.55 ms late in the
 * median, 1.1 ms at p99, at any rate), and spinning takes a core. So a second thread sleeps in Atomics.wait, which
 * wakes to some tens of microseconds, and wakes the loop with a message:
 *
 *     generator thread                     shared memory                pacer thread
 *     schedule -> expect(due) ---------->  ring of due times  ------->  Atomics.wait until the next one
 *     event loop: sockets … <------------------- message -------------  due and not yet dispatched: post
 *       `- dispatch all that is due -----> dispatched count  -------->  skip what I/O events dispatched already
 *
 * At most one message is under way. Every PROBE_INTERVAL_MS the pacer wakes the loop in any case: how late the loop
 * reacts to that is how late it reads answers that have already arrived.
 */
export class ThreadPacer implements Pacer {
  readonly #worker: Worker;
  readonly #memory: PacerMemory;
  readonly #now: NowMs;
  readonly taskPath: string | undefined;
  #published = 0;
  #nextProbeMs = Number.POSITIVE_INFINITY;
  #onWake: () => void = () => {};
  #onProbe: (plannedAtMs: number, lagMs: number) => void = () => {};

  private constructor(worker: Worker, memory: PacerMemory, now: NowMs, taskPath: string | undefined) {
    this.#worker = worker;
    this.#memory = memory;
    this.#now = now;
    this.taskPath = taskPath;
    worker.on('message', () => this.#woken());
  }

  /** Rejects when the thread cannot start. The thread inherits this thread's cores. */
  static async start(now: NowMs): Promise<ThreadPacer> {
    const memory = allocatePacerMemory();
    const file = packageFile('dist', 'harness', 'load', 'pacer-thread.js');
    const worker = new Worker(file, { workerData: memory });
    const taskPath = await new Promise<string | undefined>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', resolve);
    });
    return new ThreadPacer(worker, memory, now, taskPath);
  }

  begin(
    firstProbeMs: number,
    onWake: () => void,
    onProbe: (plannedAtMs: number, lagMs: number) => void,
  ): void {
    this.#nextProbeMs = firstProbeMs;
    this.#onWake = onWake;
    this.#onProbe = onProbe;
    this.#memory.probe[0] = firstProbeMs;
    Atomics.add(this.#memory.control, CONTROL.begun, 1);
    this.publish();
  }

  expect(dueMs: number): void {
    this.#memory.due[this.#published & (this.#memory.due.length - 1)] = dueMs;
    this.#published += 1;
  }

  publish(): void {
    const { control } = this.#memory;
    Atomics.store(control, CONTROL.published, this.#published);
    Atomics.add(control, CONTROL.news, 1);
    // A pacer that sleeps until a known due time looks again by itself: later instants cannot be due before.
    if (Atomics.load(control, CONTROL.idle) === 1) Atomics.notify(control, CONTROL.news);
  }

  dispatched(count: number): void {
    Atomics.store(this.#memory.control, CONTROL.dispatched, count);
  }

  /** Also no wake-up whose message is already under way. */
  async stop(): Promise<void> {
    this.#onWake = () => {};
    this.#onProbe = () => {};
    Atomics.store(this.#memory.control, CONTROL.stop, 1);
    Atomics.notify(this.#memory.control, CONTROL.news);
    await this.#worker.terminate();
  }

  #woken(): void {
    Atomics.store(this.#memory.control, CONTROL.wakePending, 0);
    const nowMs = this.#now();
    while (this.#nextProbeMs <= nowMs) {
      this.#onProbe(this.#nextProbeMs, nowMs - this.#nextProbeMs);
      this.#nextProbeMs += PROBE_INTERVAL_MS;
    }
    this.#onWake();
  }
}
