/**
 * How figures are written in sentences and tables: three significant digits, thousands separated, a unit behind.
 * Here because a record's own sentences (answer, notices, gates) and every reader of a record say them the same way.
 */
import type { StopRecord } from './case-record.ts';

/** `44`, `4.8`, `0.0231`, `1,072` (four digits from 1,000 on, so that a rate keeps its last one). */
export function formatNumber(value: number): string {
  const rounded = Number(value.toPrecision(Math.abs(value) >= 1000 ? 4 : 3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 20 });
}

/** Milliseconds as people say them: `850 us`, `44 ms`, `4.8 s`. */
export function formatMs(ms: number): string {
  if (ms > 0 && ms < 1) return `${formatNumber(ms * 1000)} us`;
  return ms < 1000 ? `${formatNumber(ms)} ms` : `${formatNumber(ms / 1000)} s`;
}

/** `24.8-36.2 ms`, or `from 24.8 ms up` where no upper end is known. */
export function formatMsInterval(low: number, high: number | null): string {
  return high === null ? `from ${formatMs(low)} up` : formatMsRange(low, high);
}

/** `40-49 ms`; both ends with their unit where the units differ. */
export function formatMsRange(low: number, high: number): string {
  return joinRange(formatMs(low), formatMs(high));
}

/** `40 ms` and `49 ms` -> `40-49 ms`; `140/s` and `146/s` -> `140-146/s`. */
export function joinRange(low: string, high: string): string {
  const unitOf = (text: string) => text.replace(/^[\d.,]+/, '');
  return unitOf(low) === unitOf(high)
    ? `${low.slice(0, low.length - unitOf(low).length)}-${high}`
    : `${low} to ${high}`;
}

/** `1,072/s`, whole from 10 on. */
export function formatRate(perS: number): string {
  return `${formatCount(perS)}/s`;
}

/** `1,072`, whole from 10 on. */
export function formatCount(value: number): string {
  return value >= 10 ? Math.round(value).toLocaleString('en-US') : formatNumber(value);
}

/** `850 B`, `15.1 kB`, `602 kB`, `1.2 MB`: by thousands. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${formatNumber(bytes)} B`;
  return bytes < 1e6 ? `${formatNumber(bytes / 1e3)} kB` : `${formatNumber(bytes / 1e6)} MB`;
}

/** `7.5 times`, `1.04 times`, `12 times`. */
export function formatTimes(ratio: number): string {
  const digits =
    ratio >= 10 ? Math.round(ratio).toLocaleString('en-US') : String(Number(ratio.toPrecision(2)));
  return `${ratio > 1 && ratio < 1.05 ? ratio.toFixed(2) : digits} times`;
}

/** A price of predictions, `$0.0000231`: three significant digits without exponent, so that it is never `$0.00`. */
export function formatUnitPrice(usd: number): string {
  return `$${threeDigits(usd)}`;
}

/** A bill: `$195.46`, from 1,000 on in whole dollars, `$4,406`. */
export function formatBill(usd: number): string {
  if (usd < 1) return formatUnitPrice(usd);
  const decimals = usd < 1000 ? 2 : 0;
  return `$${usd.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}`;
}

/** How many predictions one dollar buys: `43.2 M`, `584 k`. */
export function predictionsPerDollar(usdPer1000: number): string {
  const predictions = 1000 / usdPer1000;
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const) {
    if (predictions >= size) return `${threeDigits(predictions / size)} ${unit}`;
  }
  return threeDigits(predictions);
}

/** Three significant digits, trailing zeros kept: `0.0000231`, `0.100`, `43.2`. */
export function threeDigits(value: number): string {
  const rounded = Number(value.toPrecision(3));
  if (rounded === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  return rounded.toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/** `a`, `a and b`, `a, b and c`. */
export function listWords(words: readonly string[]): string {
  if (words.length <= 1) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

export function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** `1 case`, `1,200 cases`. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** How a trial with a rule to stop by ended: `p99 ±4.8 % after 12.3 s`. */
export function stopWords({ reason, of, precision, atS }: StopRecord): string {
  const known = typeof precision === 'number' ? `${of} ±${formatNumber(100 * precision)} %` : `${of} unknown`;
  const after = `after ${formatNumber(atS)} s`;
  if (reason === 'precise') return `${known} ${after}`;
  return `${known} ${after}, ${reason === 'max-duration' ? 'the longest allowed' : 'ended early'}`;
}
