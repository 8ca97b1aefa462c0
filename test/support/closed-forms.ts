import { expect } from 'vitest';
import {
  exponentialPercentileMs,
  meanResponseMs,
  type QueueName,
  SERVICE_MS,
  shareWaitingAtMost,
  virtualQueue,
} from './virtual-queue.ts';

/** Holds what was recorded of a queue against what queueing theory says; `within`: relative. */
export function expectClosedForms(
  name: QueueName,
  utilization: number,
  customers: number,
  within: number,
): void {
  const { response, requestsPerS, completedPerS } = virtualQueue(name, utilization, customers);
  const near = (found: number | undefined, truth: number, what: string): void => {
    expect(Math.abs((found ?? Number.NaN) / truth - 1), `${what}: ${found} for ${truth}`).toBeLessThan(
      within,
    );
  };
  near(requestsPerS, (1000 * utilization) / SERVICE_MS, 'arrivals/s');
  near(completedPerS, requestsPerS, 'completions/s');
  near(response.meanMs(), meanResponseMs(name, utilization), 'mean');
  if (name === 'M/M/1') {
    for (const p of [50, 90, 95, 99, 99.9]) {
      near(response.percentileMs(p), exponentialPercentileMs(p, utilization), `p${p}`);
    }
  }
  if (name === 'M/D/1') {
    for (const waitMs of [0.001, 0.25, 0.5, 0.9]) {
      const share = response.countAtOrBelowMs(SERVICE_MS + waitMs) / response.count;
      near(share, shareWaitingAtMost(waitMs, utilization), `share that waits ${waitMs} ms`);
    }
  }
}
