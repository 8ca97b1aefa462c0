import { parentPort, workerData } from 'node:worker_threads';
import { calibratedClock } from './clock.ts';
import { PROBE_INTERVAL_MS } from './pacer.ts';
import { CONTROL, type PacerMemory } from './pacer-memory.ts';
import { lowerTimerSlack, threadTaskPath } from './thread.ts';

const { control, due, probe } = workerData as PacerMemory;
const now = calibratedClock();

lowerTimerSlack();
parentPort?.postMessage(threadTaskPath());
pace();

function pace(): void {
  let read = 0;
  let nextProbeMs = Number.POSITIVE_INFINITY;
  while (Atomics.load(control, CONTROL.stop) === 0) {
    const news = Atomics.load(control, CONTROL.news);
    if (nextProbeMs === Number.POSITIVE_INFINITY && Atomics.load(control, CONTROL.begun) === 1) {
      nextProbeMs = probe[0] ?? nextProbeMs;
    }
    const published = Atomics.load(control, CONTROL.published);
    read = Math.max(read, Atomics.load(control, CONTROL.dispatched));
    const dueMs = read < published ? (due[read & (due.length - 1)] ?? 0) : Number.POSITIVE_INFINITY;
    const waitMs = Math.min(dueMs, nextProbeMs) - now();
    if (waitMs > 0) {
      sleep(news, waitMs, dueMs === Number.POSITIVE_INFINITY);
      continue;
    }
    if (dueMs <= nextProbeMs) read += 1;
    else nextProbeMs += PROBE_INTERVAL_MS;
    wakeGenerator();
  }
}

/** Until the time is over; earlier when there is news and nothing was expected. */
function sleep(news: number, waitMs: number, nothingExpected: boolean): void {
  if (nothingExpected) Atomics.store(control, CONTROL.idle, 1);
  Atomics.wait(control, CONTROL.news, news, waitMs);
  if (nothingExpected) Atomics.store(control, CONTROL.idle, 0);
}

function wakeGenerator(): void {
  if (Atomics.exchange(control, CONTROL.wakePending, 1) === 0) parentPort?.postMessage(0);
}
