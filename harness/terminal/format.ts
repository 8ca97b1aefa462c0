import { type Figure, isMissing, type Percentile } from '../record/figures.ts';
import type { NoticeRecord } from '../record/run-record.ts';
import { formatCount } from '../record/wording.ts';

/** Milliseconds in a table whose head names the unit: `0.42` `4.2` `24` `1,290`. */
export function msCell(ms: number): string {
  if (ms >= 10) return formatCount(ms);
  return String(Number(ms.toPrecision(2)));
}

/** A percentile as a table cell: its value, `> x` when censored, `-` when there is none. */
export function percentileCell(percentile: Percentile): string {
  if (!isMissing(percentile)) return msCell(percentile.value);
  return percentile.above === undefined ? '-' : `> ${msCell(percentile.above)}`;
}

export function figureCell(figure: Figure, format: (value: number) => string): string {
  return isMissing(figure) ? '-' : format(figure);
}

/** `29 s`, `1 min 31 s`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const rest = whole % 60;
  return rest === 0 ? `${Math.floor(whole / 60)} min` : `${Math.floor(whole / 60)} min ${rest} s`;
}

export function noticeText({ id, message, advice }: NoticeRecord): string {
  return `${message} ${advice} [${id}]`;
}
