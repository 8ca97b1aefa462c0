/** How figures are printed. Every function takes a plain number in the unit that its name says. */

const INTEGER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** At most three significant digits, thousands separated: 0.43, 4.27, 44.1, 131, 3,829. */
export function significant(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude >= 2) return INTEGER.format(value);
  return String(Number(value.toFixed(Math.min(2 - magnitude, 20))));
}

export function count(value: number): string {
  return INTEGER.format(value);
}

/** A rate: whole above 100, otherwise three significant digits. */
export function perSecond(value: number): string {
  return significant(value);
}

export function milliseconds(value: number): string {
  return significant(value);
}

/** A share of one as a percentage: 0.0042 -> 0.42 %. */
export function percent(share: number): string {
  return `${significant(share * 100)} %`;
}

/** 2026-11-21T09:26:31.123Z -> 21 Nov 2026 09:26 UTC. A text that is no date is printed as it is. */
export function utcDate(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const month = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'][
    at.getUTCMonth()
  ];
  const time = at.toISOString().slice(11, 16);
  return `${at.getUTCDate()} ${month} ${at.getUTCFullYear()} ${time} UTC`;
}
