import { parentPort, workerData } from 'node:worker_threads';
import { fuzzLoop, type Slice } from './fuzz-loop.ts';
import { SUBJECTS, type SubjectName } from './subjects.ts';

export interface FuzzTask {
  readonly subject: SubjectName;
  readonly slice: Slice;
  /** Place 0: the case at work, for a watchdog. */
  readonly progress: Int32Array<SharedArrayBuffer>;
}

/** Worker entry: a share of the cases of one subject. */
const { subject: name, slice, progress } = workerData as FuzzTask;
const result = await fuzzLoop(SUBJECTS[name], slice, (index) => Atomics.store(progress, 0, index));
parentPort?.postMessage(result);
