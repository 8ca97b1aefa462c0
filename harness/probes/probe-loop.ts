import { isMissing } from '../record/figures.ts';
import type { Series } from '../record/watched.ts';
import type { Probe, Readings } from './probe.ts';

export interface ProbeLoop {
  /**
   * Called when the load's edges are known, in ms of `process.hrtime`: makes the start of the measure phase the
   * zero of every series and a moment of reading, and its end one too.
   */
  align(measure: MeasurePhase): void;
  /** Reads a last time if the reading before is not fresh, closes the probes, and hands over what was read. */
  stop(): ProbeResult;
}

export interface MeasurePhase {
  readonly measureAtMs: number;
  readonly measureEndAtMs: number;
}

export interface ProbeResult {
  readonly readings: Readings;
  /** Probe -> why it could read nothing here. */
  readonly absent: Readonly<Record<string, string>>;
}

/** Reads every probe once an interval, beside the load and on the thread that does not send it. */
export function startProbeLoop(probes: readonly Probe[], intervalMs = 1_000): ProbeLoop {
  const recorders = probes.map(recordProbe);
  let zeroAtMs = hrtimeMs();
  let phase: MeasurePhase | undefined;
  let lastReadAtMs = zeroAtMs;
  let timer = setTimeout(tick, intervalMs);

  function tick(): void {
    readAll();
    schedule();
  }
  function readAll(): void {
    lastReadAtMs = hrtimeMs();
    for (const recorder of recorders) recorder.read(lastReadAtMs);
  }
  function schedule(): void {
    clearTimeout(timer);
    const nowMs = hrtimeMs();
    timer = setTimeout(tick, nextReadAtMs(nowMs, intervalMs, phase) - nowMs);
  }
  return {
    align(measure) {
      phase = measure;
      zeroAtMs = measure.measureAtMs;
      schedule();
    },
    stop() {
      clearTimeout(timer);
      if (hrtimeMs() - lastReadAtMs > intervalMs / 4) readAll();
      for (const probe of probes) closeQuietly(probe);
      return collect(recorders, zeroAtMs);
    },
  };
}

/** Timers may fire a little before their time; a moment this near has been read. */
const REACHED_MS = 2;

/**
 * The next moment to read: the grid of intervals through the start of the measure phase, and its end.
 * A rate over nearly no time is noise, so moments of the grid beside a reading or the end are left out.
 *
 *     warm-up        |start            |end    drain
 *     ----x-----x----X-----x-----x-----X--------x-----x
 */
export function nextReadAtMs(nowMs: number, intervalMs: number, phase?: MeasurePhase): number {
  if (phase === undefined) return nowMs + intervalMs;
  const { measureAtMs, measureEndAtMs } = phase;
  const nearMs = intervalMs / 4;
  const steps = Math.floor((nowMs + REACHED_MS - measureAtMs) / intervalMs) + 1;
  const gridAtMs = measureAtMs + steps * intervalMs;
  const tooNear = steps !== 0 && gridAtMs - nowMs < nearMs;
  const nextAtMs = tooNear ? gridAtMs + intervalMs : gridAtMs;
  const endIsNext = measureEndAtMs > nowMs + REACHED_MS && measureEndAtMs < nextAtMs + nearMs;
  return endIsNext ? measureEndAtMs : nextAtMs;
}

interface ProbeRecorder {
  readonly probe: Probe;
  readonly atMs: number[];
  readonly values: Map<string, (number | null)[]>;
  readonly gaps: Map<string, Set<string>>;
  read(atMs: number): void;
}

function recordProbe(probe: Probe): ProbeRecorder {
  const metrics = isMissing(probe.metrics) ? [] : Object.keys(probe.metrics);
  const values = new Map(metrics.map((metric): [string, (number | null)[]] => [metric, []]));
  const gaps = new Map(metrics.map((metric): [string, Set<string>] => [metric, new Set()]));
  const recorder: ProbeRecorder = {
    probe,
    atMs: [],
    values,
    gaps,
    read(atMs) {
      if (metrics.length === 0) return;
      const { reading, whyNot } = readSafely(probe);
      recorder.atMs.push(atMs);
      for (const [metric, series] of values) {
        const value = reading[metric] ?? null;
        series.push(Number.isFinite(value) ? value : null);
        if (value === null) gaps.get(metric)?.add(whyNot ?? probe.gaps?.[metric] ?? 'it was not read');
      }
    },
  };
  return recorder;
}

/** Whatever goes wrong in a probe is a gap in its own series. */
function readSafely(probe: Probe): { reading: ReturnType<Probe['read']>; whyNot?: string } {
  try {
    return { reading: probe.read() };
  } catch (cause) {
    return { reading: {}, whyNot: cause instanceof Error ? cause.message : String(cause) };
  }
}

function closeQuietly(probe: Probe): void {
  try {
    probe.close();
  } catch {
    // It has nothing more to say, and the run goes on.
  }
}

function collect(recorders: readonly ProbeRecorder[], zeroAtMs: number): ProbeResult {
  const readings: Record<string, Record<string, Series>> = {};
  const absent: Record<string, string> = {};
  for (const { probe, atMs, values, gaps } of recorders) {
    if (isMissing(probe.metrics)) {
      absent[probe.name] = probe.metrics.missing;
      continue;
    }
    const atS = atMs.map((at) => Math.round(at - zeroAtMs) / 1000);
    readings[probe.name] = Object.fromEntries(
      Object.entries(probe.metrics).map(([metric, unit]): [string, Series] => {
        const reasons = [...(gaps.get(metric) ?? [])];
        const series = { unit, atS, values: (values.get(metric) ?? []).map(rounded) };
        return [metric, reasons.length === 0 ? series : { ...series, gaps: reasons }];
      }),
    );
  }
  return { readings, absent };
}

/** Four significant digits are more than any probe knows, and keep the record small. */
function rounded(value: number | null): number | null {
  return value === null || Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

/** Milliseconds of the one clock that every thread and process of a machine shares. */
export function hrtimeMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
