import { fork } from 'node:child_process';
import { once } from 'node:events';
import { packageFile } from '../../harness/package-files.ts';
import type { LoadAssignment, LoadResult } from '../../harness/run/load-engine.ts';
import { runLoad } from './assignment.ts';

/**
 * As a user's run has it: a generator whose process does nothing else. A test runner's own garbage collections and
 * reports would delay its arrivals.
 */
export async function runLoadInProcess(given: LoadAssignment): Promise<LoadResult> {
  const file = packageFile('dist', 'test', 'support', 'load-process.js');
  const child = fork(file, ['child'], { serialization: 'advanced' });
  try {
    child.send(given);
    const result = once(child, 'message').then(([message]) => message as LoadResult);
    const gone = once(child, 'exit').then(([code]) => {
      throw new Error(`the load process ended without a result (exit ${code})`);
    });
    return await Promise.race([result, gone]);
  } finally {
    child.kill('SIGKILL');
  }
}

if (process.argv[2] === 'child') {
  process.once('message', async (given) => {
    const result = await runLoad(given as LoadAssignment);
    process.send?.(result);
  });
}
