/** Hours of the month that every bill is counted in. */
export const HOURS_PER_MONTH = 730;

/** Three significant digits without exponent, whatever the size: `0.0000231`, `0.149`, `43,200,000`. */
export function threeDigits(value: number): string {
  const rounded = Number(value.toPrecision(3));
  if (rounded === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))));
  return rounded.toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

/** A price of predictions: `$0.0000231`. Three significant digits, so that it is never `$0.00`. */
export function formatUnitPrice(usd: number): string {
  return `$${threeDigits(usd)}`;
}

/** A bill: `$195.46`, from 1,000 on in whole dollars, `$4,406`. */
export function formatBill(usd: number): string {
  if (usd < 1) return formatUnitPrice(usd);
  const decimals = usd < 1000 ? 2 : 0;
  return `$${usd.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })}`;
}

/** How many predictions one dollar buys: `43 M`, `6.71 M`, `584 k`. */
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
