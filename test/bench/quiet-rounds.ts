import { readFileSync } from 'node:fs';

/** A round in which the hypervisor took no more than this share of the cores that are used is as good as undisturbed. */
const QUIET_SHARE = 0.005;
/** At most so many times the rounds that are wanted, and none is added after so long. */
const MOST_TRIES = 2;
const MOST_ADDED_MS = 40_000;

export interface QuietRounds<T> {
  readonly rounds: readonly T[];
  /** How they were chosen; undefined where the first ones were quiet, or nothing can be known. */
  readonly note: string | undefined;
}

interface TriedRound<T> {
  readonly found: T;
  /** Share of the cores' time, 0 to 1. */
  readonly stolen: number;
}

export interface MachineLook {
  /** Undefined where nothing can be known. */
  ticks(): readonly CoreTicks[] | undefined;
  nowMs(): number;
}

/**
 * Rounds until `wanted` of them were left alone by other virtual machines, within limits; then those count that lost the
 * least. What decides is the kernel's account of stolen time, never what a round has found.
 */
export async function quietRounds<T>(
  wanted: number,
  cores: readonly number[],
  play: (round: number) => Promise<T>,
  machine: MachineLook = { ticks: readTicks, nowMs: () => performance.now() },
): Promise<QuietRounds<T>> {
  const tried: TriedRound<T>[] = [];
  let addedUntilMs = Number.POSITIVE_INFINITY;
  while (mayTry(tried, wanted) && machine.nowMs() < addedUntilMs) {
    const before = machine.ticks();
    const found = await play(tried.length);
    tried.push({ found, stolen: stolenShare(before, machine.ticks(), cores) });
    if (tried.length === wanted) addedUntilMs = machine.nowMs() + MOST_ADDED_MS;
  }
  const kept = [...tried].sort((a, b) => a.stolen - b.stolen).slice(0, wanted);
  const most = kept.at(-1)?.stolen ?? 0;
  const chosen = `of ${tried.length} rounds the ${kept.length} that lost least to other virtual machines count`;
  const note =
    tried.length === kept.length && most <= QUIET_SHARE
      ? undefined
      : `${chosen} (up to ${(100 * most).toFixed(1)} % of their cores)`;
  return { rounds: tried.filter((round) => kept.includes(round)).map(({ found }) => found), note };
}

function mayTry<T>(tried: readonly TriedRound<T>[], wanted: number): boolean {
  const quiet = tried.filter(({ stolen }) => stolen <= QUIET_SHARE);
  return quiet.length < wanted && tried.length < wanted * MOST_TRIES;
}

/** Clock ticks of a core since the machine started. */
export interface CoreTicks {
  readonly core: number;
  readonly stolen: number;
  readonly all: number;
}

function stolenShare(
  before: readonly CoreTicks[] | undefined,
  after: readonly CoreTicks[] | undefined,
  cores: readonly number[],
): number {
  let stolen = 0;
  let all = 0;
  for (const now of after ?? []) {
    const then = before?.find(({ core }) => core === now.core);
    if (then === undefined || !cores.includes(now.core)) continue;
    stolen += now.stolen - then.stolen;
    all += now.all - then.all;
  }
  return all === 0 ? 0 : stolen / all;
}

/** Lines of /proc/stat: `cpu1 user nice system idle iowait irq softirq steal …`. Undefined where there is no such file. */
function readTicks(): readonly CoreTicks[] | undefined {
  try {
    const lines = readFileSync('/proc/stat', 'utf8').matchAll(/^cpu(\d+) (.+)$/gm);
    return [...lines].map(([, core, counts = '']) => {
      const ticks = counts.split(' ').slice(0, 8).map(Number);
      return { core: Number(core), stolen: ticks[7] ?? 0, all: ticks.reduce((sum, count) => sum + count, 0) };
    });
  } catch {
    return undefined;
  }
}
