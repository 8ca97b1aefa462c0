import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { judgedRun } from '../support/judged-run.ts';
import { noCompiler } from '../support/nvml-stand-in.ts';
import { coresForTest } from '../support/real-time.ts';
import { besideSleeper, buildSleeper, type Slept } from '../support/sleeper.ts';

const RUNS = 20;
const ATTEMPTS = 50;

/** Half of what convicts a generator: 1 % of its arrivals over 2 ms late, or a p95 that moved 5 % of 5 ms. */
const disturbed = (slept: Slept) => slept.over2MsShare > 0.005 || slept.over250UsShare > 0.025;

/**
 * Only a run beside which a sleeping program was held up too is set aside, whatever the run said of itself: then the
 * machine was not quiet. The sleeper cannot be held up by the generator, so a late generator is never excused.
 */
it.skipIf(noCompiler !== undefined)(
  `a quiet run at a low rate is valid 19 times of ${RUNS}${noCompiler === undefined ? '' : ` (${noCompiler})`}`,
  async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'inferometer-sleeper-'));
    const sleeper = buildSleeper(folder);
    const core = coresForTest().generator[0] ?? 0;
    const quiet: string[] = [];
    const setAside: string[] = [];
    try {
      for (let seed = 1; seed <= ATTEMPTS && quiet.length < RUNS; seed++) {
        const { result, slept } = await besideSleeper(sleeper, core, () => quietRun(seed));
        (disturbed(slept) ? setAside : quiet).push(`${result} (${inWords(slept)})`);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    console.log(
      `quiet: ${quiet.length}\n${quiet.join('\n')}\nset aside: ${setAside.length}\n${setAside.join('\n')}`,
    );
    if (quiet.length < RUNS)
      context.skip(`the machine was quiet in only ${quiet.length} of ${ATTEMPTS} runs`);
    expect(quiet.filter((run) => run.startsWith('valid')).length).toBeGreaterThanOrEqual(19);
  },
);

async function quietRun(seed: number): Promise<string> {
  const load = { shape: 'open', arrivals: 'poisson', requestsPerS: 150 } as const;
  const timing = { warmupMs: 500, durationMs: 4000, windowMs: 250 };
  const law = { kind: 'constant', delayMs: 5 } as const;
  const { status, reasons } = await judgedRun(law, { ...timing, load, seed }, 'p95');
  return status === 'valid' ? status : `${status}: ${reasons.map(({ message }) => message).join(' ')}`;
}

function inWords({ over2MsShare, over250UsShare, worstMs }: Slept): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  return `sleeper over 2 ms late ${percent(over2MsShare)}, over 0.25 ms ${percent(over250UsShare)}, worst ${worstMs.toFixed(1)} ms`;
}
