import { expressionsOf } from '../gates/recommend.ts';
import { type PromisedPercentile, promisedPercentile } from '../gates/settings.ts';
import type { CaseRecord } from '../record/case-record.ts';
import type { NoticeRecord, RunRecord } from '../record/run-record.ts';
import type { ProbeRun, SearchRecord } from '../record/search-record.ts';
import { countOf, formatCount, stopWords } from '../record/wording.ts';
import type { LoadProgress } from '../run/load-engine.ts';
import type { PlannedCase } from '../run/plan/plan.ts';
import type { RunObserver, TrialPosition } from '../run/session/observer.ts';
import { formatSeconds, msCell, noticeText, percentileCell } from './format.ts';
import { cut, wrap } from './layout.ts';

/** Where lines go: a terminal that can be redrawn, or a pipe that gets one line per case. */
export interface Screen {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): void;
}

/** Shows a run while it goes: a bar of two lines on a terminal, one plain line per measured case elsewhere. */
export function progressObserver(screen: Screen): RunObserver {
  const live = screen.isTTY ? new LiveLines(screen) : undefined;
  let promised: PromisedPercentile = 'p99';
  const say = (line: string): void => {
    live?.clear();
    screen.write(`${line}\n`);
  };
  return {
    onStart: (record, folder, plan) => {
      promised = promisedPercentile(expressionsOf(record.decide.slo));
      openingLines(record, folder, plan).forEach(say);
    },
    onTrialStart: (planned, position) => live?.draw([bar(planned, position)]),
    onProgress: (planned, progress, position) => live?.draw([bar(planned, position), progressLine(progress)]),
    onCase: (measured, position) =>
      live === undefined ? say(caseLine(measured, promised, position)) : live.clear(),
    onSearchRun: (search, run) => {
      if (run.kind === 'probe') say(probeLine(search, run));
    },
    onNotice: (notice) => say(noticeLine(notice)),
  };
}

function openingLines(
  record: RunRecord,
  folder: string,
  plan: { trials: number; expectedS: number },
): string[] {
  const { cpuModel, cpuCores, memoryGiB } = record.environment;
  return [
    `inferometer ${record.tool.version} · ${record.scenario.name} · seed ${record.scenario.seed} · ${folder}`,
    `${cpuCores ?? '?'} cores ${cpuModel ?? ''}, ${memoryGiB ?? '?'} GiB, Node ${process.versions.node}`,
    wrap(record.scenario.question),
    `${countOf(plan.trials, 'measurement')}, about ${formatSeconds(plan.expectedS)}`,
    '',
  ];
}

function bar(planned: PlannedCase, { index, of, remainingS }: TrialPosition): string {
  const width = 24;
  const drawn = `${'='.repeat(Math.round((width * index) / of))}>`.padEnd(width + 1);
  return `  [${drawn}] ${index + 1}/${of}  ${axesWords(planned.axes)}  ${formatSeconds(remainingS)} left`;
}

/** Room for a case's name in its line, so that the longest status still fits. */
const CASE_LABEL = 30;

/** `batch 32 · delay 2ms · 40%`: the load's label needs no name. */
function axesWords(axes: Readonly<Record<string, string>>): string {
  return Object.entries(axes)
    .map(([axis, label]) => (axis === 'load' ? label : `${axis} ${label}`))
    .join(' · ');
}

function progressLine(progress: LoadProgress): string {
  const ms = (value: number | undefined) => (value === undefined ? '-' : `${msCell(value)} ms`);
  const latency = `p50 ${ms(progress.responseP50Ms)}   p99 ${ms(progress.responseP99Ms)}`;
  return `  ${progress.phase.padEnd(8)} ${formatCount(progress.requestsPerS)}/s   ${latency}   errors ${progress.notOk}`;
}

function caseLine(measured: CaseRecord, promised: PromisedPercentile, { index, of }: TrialPosition): string {
  const { latencyMs, throughput, credibility, axes } = measured;
  const latency = percentileCell(latencyMs.response[promised]);
  const stopped = measured.trials.at(-1)?.stopped;
  const line = [
    `${index + 1}/${of}`.padStart(6),
    cut(axesWords(axes), CASE_LABEL).padEnd(CASE_LABEL),
    `${formatCount(throughput.rowsPerS)} rows/s`.padStart(12),
    (latency === '-' ? '' : `${promised} ${latency} ms`).padEnd(14),
    credibility.status,
  ].join('  ');
  return stopped === undefined ? line : `${line}\n        ${stopWords(stopped)}`;
}

const ON_SIDE = { pass: 'holds', breach: 'breaks', unclear: 'unclear' } as const;

/** `probe 7   batch 32   400/s   8.1 % worse than p95 < 15ms (5 % allowed)   breaks   capacity 383-402/s`. */
function probeLine(
  { runs, axes, found: { estimate, highestPassPerS, lowestBreachPerS } }: SearchRecord,
  run: ProbeRun,
): string {
  const [worst] = [...run.counts].sort((a, b) => b.bad / b.of / b.allowed - a.bad / a.of / a.allowed);
  const side = run.overloaded ? 'overloaded' : ON_SIDE[run.outcome];
  const so =
    estimate === undefined
      ? `between ${formatCount(highestPassPerS ?? 0)} and ${lowestBreachPerS === undefined ? '?' : formatCount(lowestBreachPerS)}/s`
      : `capacity ${formatCount(estimate.lowPerS)}-${formatCount(estimate.highPerS)}/s`;
  return [
    `probe ${runs.length}`.padStart(10),
    cut(
      [axesWords(axes), `${formatCount(run.requestsPerS)}/s`].filter((text) => text !== '').join(' · '),
      CASE_LABEL,
    ).padEnd(CASE_LABEL),
    worst === undefined ? '' : `${((100 * worst.bad) / Math.max(1, worst.of)).toFixed(1)} % worse`.padEnd(12),
    side.padEnd(10),
    so,
  ].join('  ');
}

function noticeLine(notice: NoticeRecord): string {
  return `! ${wrap(noticeText(notice), '  ')}`;
}

/** A few lines at the bottom of a terminal that are drawn over and over. */
class LiveLines {
  readonly #screen: Screen;
  #drawn = 0;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  draw(lines: readonly string[]): void {
    this.clear();
    for (const line of lines) this.#screen.write(`${line.slice(0, this.#screen.columns - 1)}\n`);
    this.#drawn = lines.length;
  }

  clear(): void {
    for (; this.#drawn > 0; this.#drawn--) this.#screen.write('\u001b[1A\u001b[2K');
  }
}
