import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { packageFile } from '../../../harness/package-files.ts';

const SCHED_OTHER = '0';
const SCHED_IDLE = '5';

/** Run as a process of its own: which policy each thread has, before, after one put the others behind, and after that. */
const PROBE = `
import { readdirSync, readFileSync } from 'node:fs';
import { putOtherThreadsBehind } from ${JSON.stringify(packageFile('dist', 'harness', 'load', 'thread.js'))};
const policies = () => readdirSync('/proc/self/task').map((thread) =>
  [thread, readFileSync('/proc/self/task/' + thread + '/stat', 'utf8').split(') ')[1].split(' ')[38]]);
const before = policies();
const done = putOtherThreadsBehind(true);
const behind = policies();
const undone = putOtherThreadsBehind(false);
console.log(JSON.stringify({ pid: process.pid, before, done, behind, undone, after: policies() }));
`;

it.skipIf(process.platform !== 'linux')(
  'puts every other thread behind and takes it back, or does neither',
  () => {
    const told = execFileSync(process.execPath, ['--input-type=module', '-e', PROBE], { encoding: 'utf8' });
    const { pid, before, done, behind, undone, after } = JSON.parse(told);
    const capabilities = /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    const isPrivileged = Math.floor(Number.parseInt(capabilities, 16) / 2 ** 23) % 2 === 1;
    expect({ done, undone }).toEqual({ done: isPrivileged, undone: isPrivileged });
    expect(before.length).toBeGreaterThan(1);
    for (const [, policy] of [...before, ...after]) expect(policy).toBe(SCHED_OTHER);
    for (const [thread, policy] of behind)
      expect(policy).toBe(isPrivileged && thread !== String(pid) ? SCHED_IDLE : SCHED_OTHER);
  },
);
