import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SingleFlight } from '../../../reference-server/cache/single-flight.ts';
import { settle, VirtualClock } from '../virtual-clock.ts';

/** Executions that end when a test says so. */
function scene() {
  const flights = new SingleFlight<string>();
  const runs: { signal: AbortSignal; resolve(value: string): void; reject(error: Error): void }[] = [];
  const ask = (key: string, caller?: AbortSignal) => {
    const { joined, outcome } = flights.join(key, caller, (signal) => {
      return new Promise((resolve, reject) => runs.push({ signal, resolve, reject }));
    });
    return { joined, ended: outcome.catch((error: Error) => `! ${error.message}`) };
  };
  return { runs, ask };
}

describe('single flight', () => {
  test('one execution for all who ask for the same meanwhile; another one afterwards, and for what differs', async () => {
    const { runs, ask } = scene();
    const callers = [ask('a'), ask('a'), ask('b'), ask('a')];
    expect(callers.map(({ joined }) => joined)).toEqual([false, true, false, true]);
    runs[0]?.resolve('of a');
    runs[1]?.resolve('of b');
    expect(await Promise.all(callers.map(({ ended }) => ended))).toEqual(['of a', 'of a', 'of b', 'of a']);
    expect(ask('a').joined).toBe(false);
    expect(runs).toHaveLength(3);
  });

  test('a failure fails all who wait for it, and none after them', async () => {
    const { runs, ask } = scene();
    const callers = [ask('a'), ask('a', new AbortController().signal)];
    runs[0]?.reject(new Error('no instance'));
    expect(await Promise.all(callers.map(({ ended }) => ended))).toEqual(['! no instance', '! no instance']);
    const next = ask('a');
    runs[1]?.resolve('again');
    expect([next.joined, await next.ended]).toEqual([false, 'again']);
  });

  test('whoever set it off may go: the others are answered', async () => {
    const { runs, ask } = scene();
    const leader = new AbortController();
    const callers = [ask('a', leader.signal), ask('a')];
    leader.abort();
    expect(await callers[0]?.ended).toMatch(/^! the caller closed/);
    expect(runs[0]?.signal.aborted).toBe(false);
    runs[0]?.resolve('of a');
    expect(await callers[1]?.ended).toBe('of a');
  });

  test('when all have gone the execution is told, and nobody joins it any more', async () => {
    const { runs, ask } = scene();
    const [one, two] = [new AbortController(), new AbortController()];
    const gone = [ask('a', one.signal), ask('a', two.signal)];
    one.abort();
    expect(runs[0]?.signal.aborted).toBe(false);
    two.abort();
    expect(runs[0]?.signal.aborted).toBe(true);
    const next = ask('a');
    expect(next.joined).toBe(false);
    // The end of the first must not be taken for the end of the second.
    runs[0]?.reject(new Error('dropped'));
    await settle();
    const joins = ask('a');
    runs[1]?.resolve('of the second');
    expect([joins.joined, await next.ended, await joins.ended]).toEqual([
      true,
      'of the second',
      'of the second',
    ]);
    for (const { ended } of gone) expect(await ended).toMatch(/^! the caller closed/);
  });

  test('a caller who had gone before it asked runs nothing on', async () => {
    const { runs, ask } = scene();
    expect(await ask('a', AbortSignal.abort()).ended).toMatch(/^! the caller closed/);
    expect(runs[0]?.signal.aborted).toBe(true);
  });

  test('many callers on one connection leave no listener behind and warn of none', async () => {
    const { runs, ask } = scene();
    const warnings: string[] = [];
    const warn = (warning: Error) => warnings.push(warning.message);
    process.on('warning', warn);
    const { signal } = new AbortController();
    const callers = Array.from({ length: 50 }, () => ask('a', signal).ended);
    runs[0]?.resolve('of a');
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['of a']));
    await settle();
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });

  test('whoever comes, goes and fails, and when: each is answered once, with what ran for its key', async () => {
    const caller = fc.record({
      key: fc.constantFrom('a', 'b'),
      atMs: fc.nat(30),
      leavesAfterMs: fc.option(fc.nat(15), { nil: undefined }),
    });
    const run = fc.record({ tookMs: fc.nat(12), fails: fc.boolean() });
    const scripts = [fc.array(caller, { minLength: 1, maxLength: 20 }), fc.infiniteStream(run)] as const;
    await fc.assert(
      fc.asyncProperty(...scripts, async (callers, script) => {
        const clock = new VirtualClock();
        const flights = new SingleFlight<string>();
        const underWay = { a: 0, b: 0 };
        const ends: string[][] = callers.map(() => []);
        callers.forEach(({ key, atMs, leavesAfterMs }, index) => {
          const leaving = new AbortController();
          if (leavesAfterMs !== undefined) clock.after(atMs + leavesAfterMs, () => leaving.abort());
          clock.after(atMs, () => {
            const { outcome } = flights.join(key, leaving.signal, async (signal) => {
              const { tookMs, fails } = script.next().value;
              // One at a time, but for those that nobody waits for.
              expect(++underWay[key as 'a']).toBe(1);
              let over = false;
              const end = () => {
                if (!over) underWay[key as 'a']--;
                over = true;
              };
              signal.addEventListener('abort', end);
              await clock.sleep(tookMs);
              end();
              if (fails) throw new Error(key);
              return key;
            });
            outcome.then(
              (value) => ends[index]?.push(value),
              (error: Error) => ends[index]?.push(error.message),
            );
          });
        });
        await clock.runUntilIdle();
        ends.forEach((end, index) => {
          expect(end).toHaveLength(1);
          const { key, leavesAfterMs } = callers[index] ?? {};
          if (end[0] !== key) {
            expect(end[0]).toMatch(/^the caller closed/);
            expect(leavesAfterMs).toBeDefined();
          }
        });
      }),
      { numRuns: 60 },
    );
  });
});
