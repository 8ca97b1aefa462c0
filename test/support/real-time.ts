import { readFileSync } from 'node:fs';
import type { TestContext } from 'vitest';
import { availableCpus } from '../../harness/run/machine/available-cpus.ts';

const ATTEMPTS = 3;
/** Share of the time in which somebody waited for a core. The oracles themselves cause a few percent. */
const PRESSURE = 0.15;
const STEAL = 0.02;

/** A core for the server and another for the generator, where there are two. */
export function coresForTest(): { server: number | undefined; generator: number[] } {
  const [server, generator = server] = availableCpus();
  return { server, generator: generator === undefined ? [] : [generator] };
}

/**
 * For oracles of real time. A failed attempt is repeated only when somebody else took the cores meanwhile, which is
 * said; it is skipped when that was so every time, because then nothing is known about us.
 */
export async function onQuietMachine(context: TestContext, attempt: () => Promise<void>): Promise<void> {
  for (let left = ATTEMPTS - 1; ; left--) {
    const before = waits();
    try {
      await attempt();
      return;
    } catch (failure) {
      const disturbance = between(before, waits());
      if (disturbance === undefined) throw failure;
      console.warn(`${context.task.name}: ${disturbance}; ${String(failure).slice(0, 200)}`);
      if (left === 0) context.skip(`disturbed ${ATTEMPTS} times: ${disturbance}`);
    }
  }
}

interface Waits {
  readonly atMs: number;
  /** Undefined where the kernel does not tell. */
  readonly pressureMs: number | undefined;
  readonly stealShare: { readonly steal: number; readonly all: number } | undefined;
}

function waits(): Waits {
  const pressure = /^some .*total=(\d+)/m.exec(read('/proc/pressure/cpu'))?.[1];
  const ticks = /^cpu +(.*)$/m.exec(read('/proc/stat'))?.[1]?.split(' ').map(Number);
  return {
    atMs: performance.now(),
    pressureMs: pressure === undefined ? undefined : Number(pressure) / 1000,
    stealShare:
      ticks === undefined
        ? undefined
        : { steal: ticks[7] ?? 0, all: ticks.slice(0, 8).reduce((sum, count) => sum + count, 0) },
  };
}

/** What disturbed the machine, in words; undefined when nothing did. */
function between(before: Waits, after: Waits): string | undefined {
  const pressure = ((after.pressureMs ?? 0) - (before.pressureMs ?? 0)) / (after.atMs - before.atMs);
  if (pressure > PRESSURE) return `processes waited for a core ${(100 * pressure).toFixed(0)} % of the time`;
  const ticks = (after.stealShare?.all ?? 0) - (before.stealShare?.all ?? 0);
  const steal = ((after.stealShare?.steal ?? 0) - (before.stealShare?.steal ?? 0)) / Math.max(1, ticks);
  return steal > STEAL ? `the hypervisor took ${(100 * steal).toFixed(1)} % of the cores` : undefined;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
