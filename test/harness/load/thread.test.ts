import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { packageFile } from '../../../harness/package-files.ts';

const SCHED_OTHER = '0';
const SCHED_IDLE = '5';

/** Run as a process of its own: which policy each thread has, after one thread put the others behind. */
const PROBE = `
import { readdirSync, readFileSync } from 'node:fs';
import { putOtherThreadsBehind } from ${JSON.stringify(packageFile('dist', 'harness', 'load', 'thread.js'))};
const policies = () => readdirSync('/proc/self/task').map((thread) =>
  [thread, readFileSync('/proc/self/task/' + thread + '/stat', 'utf8').split(') ')[1].split(' ')[38]]);
const before = policies();
const done = putOtherThreadsBehind();
console.log(JSON.stringify({ pid: process.pid, before, done, after: policies() }));
`;

it.skipIf(process.platform !== 'linux')('puts every other thread behind, never its own', () => {
  const told = execFileSync(process.execPath, ['--input-type=module', '-e', PROBE], { encoding: 'utf8' });
  const { pid, before, done, after } = JSON.parse(told);
  expect(done).toBe(true);
  expect(before.length).toBeGreaterThan(1);
  for (const [, policy] of before) expect(policy).toBe(SCHED_OTHER);
  for (const [thread, policy] of after)
    expect(policy).toBe(thread === String(pid) ? SCHED_OTHER : SCHED_IDLE);
});
