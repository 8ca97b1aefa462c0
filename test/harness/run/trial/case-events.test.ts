import { describe, expect, test } from 'vitest';
import { CaseEvents, type EventClock } from '../../../../harness/run/trial/case-events.ts';
import type { ChangeSpec, EventSpec } from '../../../../harness/scenario/event-spec.ts';
import type { ChangeOutcome } from '../../../../harness/targets/target.ts';

const NEVER = new AbortController().signal;
const MEASURE_AT_MS = 5000;

/** Time that passes only in sleeps, and in what a change takes. */
class Clock implements EventClock {
  at = MEASURE_AT_MS - 1000;
  nowMs(): number {
    return this.at;
  }
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (!signal.aborted) this.at += ms;
  }
}

const event = (atMs: number, version: string): EventSpec => ({
  atMs,
  in: {},
  change: { do: 'model.load', version },
});

/** Lets all of them happen; version n takes n seconds, `6` is refused, `7` is no answer. */
async function happened(events: readonly EventSpec[], clock = new Clock()) {
  const asked: string[] = [];
  const apply = async (change: ChangeSpec): Promise<ChangeOutcome> => {
    const { version = '' } = change as { version?: string };
    asked.push(version);
    clock.at += 1000 * Number(version);
    if (version === '7') throw new Error('no answer');
    return version === '6' ? { failed: 'it says no' } : { done: `version ${version} is loaded` };
  };
  const running = new CaseEvents(events, { apply }, clock);
  running.begin(MEASURE_AT_MS);
  await new Promise((resolve) => setImmediate(resolve));
  return { changes: await running.end(NEVER), asked };
}

describe('the events of a case', () => {
  test('happen at their times from the start of the measure phase, one after another', async () => {
    const { changes } = await happened([event(500, '1'), event(2000, '3'), event(4000, '0')]);
    expect(changes).toEqual([
      {
        what: 'model.load version 1',
        plannedAtS: 0.5,
        atS: 0.5,
        endS: 1.5,
        message: 'version 1 is loaded',
        failed: false,
      },
      expect.objectContaining({ plannedAtS: 2, atS: 2, endS: 5 }),
      expect.objectContaining({ plannedAtS: 4, atS: 5, endS: 5 }),
    ]);
  });

  test('what is refused, and what gets no answer, is a change that failed; the next happen all the same', async () => {
    const { changes } = await happened([event(0, '6'), event(0, '7'), event(0, '1')]);
    expect(changes.map(({ failed, message }) => [failed, message])).toEqual([
      [true, 'it says no'],
      [true, 'no answer'],
      [false, 'version 1 is loaded'],
    ]);
  });

  test('once the load is over nothing begins, and it is said what did not', async () => {
    const waiting: (() => void)[] = [];
    const clock: EventClock = {
      nowMs: () => MEASURE_AT_MS,
      sleep: (_, signal) =>
        new Promise((resolve) => {
          waiting.push(resolve);
          signal.addEventListener('abort', () => resolve());
        }),
    };
    const running = new CaseEvents([event(100, '1'), event(200, '2')], {}, clock);
    running.begin(MEASURE_AT_MS);
    const changes = await running.end(NEVER);
    expect(changes).toHaveLength(2);
    for (const { failed, message } of changes)
      expect([failed, message]).toEqual([true, expect.stringContaining('had ended')]);
  });

  test('a change that never ends is not waited for by whoever gives up', async () => {
    const apply = () => new Promise<ChangeOutcome>(() => {});
    const running = new CaseEvents([event(0, '1')], { apply }, new Clock());
    running.begin(MEASURE_AT_MS);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await running.end(AbortSignal.abort())).toEqual([]);
  });

  test('a target that cannot be changed says so', async () => {
    const running = new CaseEvents([event(0, '1')], {}, new Clock());
    running.begin(MEASURE_AT_MS);
    await new Promise((resolve) => setImmediate(resolve));
    expect((await running.end(NEVER))[0]).toMatchObject({
      failed: true,
      message: expect.stringContaining('nothing'),
    });
  });
});
