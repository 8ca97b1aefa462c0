import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { seededRandom } from '../../harness/load/random.ts';
import { packageFile } from '../../harness/package-files.ts';
import { type LoopResult, type Memory, saysSomething } from './fuzz-loop.ts';
import type { FuzzTask } from './fuzz-thread.ts';
import { SUBJECT_NAMES, SUBJECTS, type SubjectName } from './subjects.ts';

/**
 * `npm run fuzz -- [--cases 1000000] [--seed 1] [--only http] [--case 123]`: bytes that no server should send, into the
 * engines: every request must fare as plain readers of the RFCs say, however the bytes are cut; nothing is told twice, late
 * or of nobody. And bytes that no client should send, into the doors of our own server: what is sound among them is
 * answered rightly, the rest with a reason that blames the client. No case hangs; memory stays flat. A case is made from
 * seed and number alone; `--case` runs one and shows its bytes. Exits 1 on a failure.
 */
const HANG_MS = 20_000;
const LOOK_MS = 1000;
/** Between the early look and the last: beyond this a thread holds on to what it has read ... */
const HELD_BYTES = 8 * 2 ** 20;
/** ... or the process to what no collection sees. Two threads reside in 170 MiB, and go up and down by a few. */
const RESIDENT_BYTES = 24 * 2 ** 20;

const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    case: { type: 'string' },
  },
});
setFlagsFromString('--expose-gc');
const seed = Number(values.seed);
const names = SUBJECT_NAMES.filter((name) => values.only === undefined || name === values.only);
let sound = names.length > 0;
for (const name of names) {
  const cases = Number(values.cases ?? SUBJECTS[name].cases ?? 1_000_000);
  if (values.case !== undefined) await showCase(name, Number(values.case));
  else sound = (await fuzz(name, cases)) && sound;
}
process.exit(sound ? 0 : 1);

async function fuzz(name: SubjectName, cases: number): Promise<boolean> {
  const startedMs = performance.now();
  const threads = availableParallelism();
  const results = await Promise.all(
    Array.from({ length: threads }, (_, first) => inThread(name, { seed, first, step: threads, end: cases })),
  );
  const done = results.reduce((sum, result) => sum + result.cases, 0);
  const outcomes: Record<string, number> = {};
  for (const result of results) {
    for (const [outcome, count] of Object.entries(result.outcomes)) {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
    }
  }
  const tookS = ((performance.now() - startedMs) / 1000).toFixed(1);
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  console.log(`${name}: ${done} cases, seed ${seed}, ${tookS} s: ${counts.join(', ')}`);
  for (const { failure } of results) {
    if (failure === undefined) continue;
    console.log(`${name}: FAILED at case ${failure.index} of seed ${failure.seed}: ${failure.message}`);
    console.log(`Again: npm run fuzz -- --only ${name} --seed ${failure.seed} --case ${failure.index}`);
  }
  return done === cases && isFlat(name, results);
}

/** Says what grew, and whether that is within bounds. */
function isFlat(name: SubjectName, results: readonly LoopResult[]): boolean {
  const grown = (of: keyof Memory) =>
    Math.max(...results.map(({ memory }) => memory.late[of] - memory.early[of]));
  const [held, resident] = [grown('heldBytes'), grown('residentBytes')];
  const isJudged = results.every(({ cases }) => saysSomething(SUBJECTS[name], cases));
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.log(
    `${name}: since it was grown, or a tenth of the cases, a thread holds ${mib(held)} more, and the process is ${mib(resident)} larger` +
      (isJudged ? '' : ' (still growing to its size: not judged in so short a run)'),
  );
  const flat = held <= HELD_BYTES && (resident <= RESIDENT_BYTES || !isJudged);
  if (!flat)
    console.log(`${name}: FAILED: memory is not flat; at most ${mib(HELD_BYTES)} and ${mib(RESIDENT_BYTES)}`);
  return flat;
}

function inThread(subject: SubjectName, slice: FuzzTask['slice']): Promise<LoopResult> {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const task: FuzzTask = { subject, slice, progress };
  const worker = new Worker(packageFile('dist', 'test', 'fuzz', 'fuzz-thread.js'), { workerData: task });
  return new Promise((resolve, reject) => {
    let last = -1;
    let sinceMs = performance.now();
    const watchdog = setInterval(() => {
      const index = Atomics.load(progress, 0);
      if (index !== last) sinceMs = performance.now();
      last = index;
      if (performance.now() - sinceMs < HANG_MS) return;
      console.log(`${subject}: FAILED: case ${index} of seed ${slice.seed} hangs`);
      process.exit(1);
    }, LOOK_MS);
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => clearInterval(watchdog));
  });
}

async function showCase(name: SubjectName, index: number): Promise<void> {
  const subject = SUBJECTS[name];
  for (const bytes of subject.example(seededRandom(seed, index))) {
    console.log(JSON.stringify(bytes.toString('latin1')));
  }
  console.log(`${name}, seed ${seed}, case ${index}: ${await subject.run(seededRandom(seed, index))}`);
}
