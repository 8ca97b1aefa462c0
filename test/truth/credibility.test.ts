import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { LoadAssignment } from '../../harness/run/load-engine.ts';
import { availableCpus } from '../../harness/run/machine/available-cpus.ts';
import { judgedRun } from '../support/judged-run.ts';
import { onQuietMachine } from '../support/real-time.ts';

/** Low rate, short answers: a case that a quiet machine measures well. */
const QUIET: Partial<LoadAssignment> = {
  load: { shape: 'open', arrivals: 'poisson', requestsPerS: 150 },
  warmupMs: 500,
  durationMs: 4000,
  windowMs: 250,
};
const FAST = { kind: 'constant', delayMs: 5 } as const;

describe('what a real run says about itself', () => {
  it('a quiet run at a low rate may be believed', { timeout: 60_000 }, (context) =>
    onQuietMachine(context, async () => {
      expect(await judgedRun(FAST, QUIET, 'p95')).toMatchObject({ status: 'valid' });
    }),
  );

  it.skipIf(availableCpus().length < 2)(
    'is client-limited beside two busy processes on its core',
    async () => {
      const core = availableCpus()[1] ?? 0;
      const busy = [spinOn(core), spinOn(core)];
      try {
        const { status, reasons } = await judgedRun(FAST, QUIET, 'p95');
        expect(status).toBe('client-limited');
        expect(reasons.map(({ advice }) => advice).join()).toMatch(/core of its own/);
      } finally {
        await Promise.all(busy.map(end));
      }
    },
  );

  it(
    'is overloaded, not client-limited, where the server is throttled below the rate',
    { timeout: 60_000 },
    (context) =>
      onQuietMachine(context, async () => {
        const throttled = { kind: 'queue', service: 'deterministic', meanMs: 10, seed: 1 } as const;
        const capped = await judgedRun(throttled, QUIET, 'p95');
        expect(capped).toMatchObject({ status: 'overloaded' });
      }),
  );

  it('is inconclusive about p99 after one second', { timeout: 60_000 }, (context) =>
    onQuietMachine(context, async () => {
      const { status, reasons } = await judgedRun(FAST, { ...QUIET, durationMs: 1000 }, 'p99');
      expect(status).toBe('inconclusive');
      expect(reasons.map(({ id }) => id)).toContain('too-few-samples');
    }),
  );
});

function spinOn(core: number): ChildProcess {
  return spawn('taskset', ['-c', String(core), process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' });
}

async function end(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
