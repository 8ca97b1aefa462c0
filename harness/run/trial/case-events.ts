import { setTimeout as sleep } from 'node:timers/promises';
import { hrtimeMs } from '../../probes/probe-loop.ts';
import type { ChangeRecord } from '../../record/case-record.ts';
import { changeWords, type EventSpec } from '../../scenario/event-spec.ts';
import type { ChangeOutcome, RunningTarget } from '../../targets/target.ts';

/** A change of one trial, whose number its record adds. */
export type HappenedChange = Omit<ChangeRecord, 'trial'>;

/** What time is, for events; another one only in tests. */
export interface EventClock {
  nowMs(): number;
  /** Resolves when the time is over, or before it when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const REAL: EventClock = {
  nowMs: hrtimeMs,
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
};

/**
 * Lets the events of one trial happen to its target, each at its time, one after another: an event whose time comes
 * while the one before is still under way waits for it, and both of its instants say so.
 *
 *     planned      A         B         C
 *     happens      [A]       [B------------][C]
 */
export class CaseEvents {
  readonly #events: readonly EventSpec[];
  readonly #target: Pick<RunningTarget, 'apply'>;
  readonly #clock: EventClock;
  readonly #ended = new AbortController();
  readonly #happened: HappenedChange[] = [];
  #happening: Promise<void> = Promise.resolve();

  /** `events`: by rising time. */
  constructor(events: readonly EventSpec[], target: Pick<RunningTarget, 'apply'>, clock = REAL) {
    this.#events = events;
    this.#target = target;
    this.#clock = clock;
  }

  /** From here on they happen. `measureAtMs`: the start of the measure phase, by `process.hrtime`. */
  begin(measureAtMs: number): void {
    this.#happening = this.#run(measureAtMs);
  }

  /** The load is over: nothing begins any more. Resolves when what is under way is done, or given up; never rejects. */
  async end(giveUp: AbortSignal): Promise<readonly HappenedChange[]> {
    this.#ended.abort();
    await Promise.race([this.#happening, aborted(giveUp)]);
    return [...this.#happened];
  }

  async #run(measureAtMs: number): Promise<void> {
    const sinceS = (): number => (this.#clock.nowMs() - measureAtMs) / 1000;
    for (const { atMs, change } of this.#events) {
      const isTime = await this.#until(measureAtMs + atMs);
      const atS = sinceS();
      const outcome = isTime ? await this.#apply(change) : TOO_LATE;
      const failed = 'failed' in outcome;
      const message = failed ? outcome.failed : outcome.done;
      const what = changeWords(change);
      this.#happened.push({ what, plannedAtS: atMs / 1000, atS, endS: sinceS(), message, failed });
    }
  }

  /** Resolves to false where the load ends before. */
  async #until(atMs: number): Promise<boolean> {
    const { signal } = this.#ended;
    if (!signal.aborted) await this.#clock.sleep(Math.max(0, atMs - this.#clock.nowMs()), signal);
    return !signal.aborted;
  }

  async #apply(change: EventSpec['change']): Promise<ChangeOutcome> {
    try {
      return (await this.#target.apply?.(change)) ?? { failed: 'nothing of this target can be changed' };
    } catch (cause) {
      return { failed: cause instanceof Error ? cause.message : String(cause) };
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

const TOO_LATE: ChangeOutcome = { failed: 'it did not happen: the case had ended' };
