import { Recorder } from '../../harness/measure/recorder.ts';
import type { Outcome } from '../../harness/transports/transport.ts';

/**
 * `node recorder-cost.js <passes>`: what it costs to record one request, in CPU, on one line of JSON. Windows of a second at
 * 10,000 requests a second roll over as in a run. Heap is counted between collections, so that garbage shows.
 */
export interface RecorderCost {
  readonly us: readonly number[];
  readonly bytes: readonly number[];
}

const REQUESTS = 200_000;
const PER_MS = 10;
/** Until the compiler has settled. */
const WARM_PASSES = 30;
const passes = Number(process.argv[2] ?? 5);
const cost: { us: number[]; bytes: number[] } = { us: [], bytes: [] };
for (let pass = -WARM_PASSES; pass < passes; pass++) {
  const { us, bytes } = onePass();
  if (pass < 0) continue;
  cost.us.push(us);
  cost.bytes.push(bytes);
}
console.log(JSON.stringify(cost satisfies RecorderCost));

function onePass(): { us: number; bytes: number } {
  const edges = { warmupAtMs: 0, measureAtMs: 1000, measureEndAtMs: 1000 + REQUESTS / PER_MS };
  const recorder = new Recorder({ edges, windowMs: 1000, goodWithinMs: 5 });
  const outcome: Outcome = 'ok';
  const facts = {
    intendedAtMs: 0,
    dispatchedAtMs: 0,
    sentAtMs: 0,
    doneAtMs: 0,
    outcome,
    rows: 1,
    requestClass: 0,
  };
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const began = process.cpuUsage();
  for (let index = 0; index < REQUESTS; index++) {
    facts.intendedAtMs = 1000 + index / PER_MS;
    facts.dispatchedAtMs = facts.intendedAtMs + 0.05;
    facts.sentAtMs = facts.dispatchedAtMs + 0.01;
    facts.doneAtMs = facts.sentAtMs + 1 + (index % 997) / 100;
    recorder.dispatched(facts);
    recorder.sent(facts);
    recorder.finished(facts);
  }
  const { user, system } = process.cpuUsage(began);
  const heapBytes = process.memoryUsage().heapUsed - heapBefore;
  recorder.close(edges.measureEndAtMs + 100);
  return { us: (user + system) / REQUESTS, bytes: heapBytes / REQUESTS };
}
