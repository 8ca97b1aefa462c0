export type Domain = readonly [low: number, high: number];

/** The y encoding of a chart of times: every factor of ten is as tall as the next. */
export function logAxis(field: string, title: string, domain: Domain) {
  return {
    field,
    type: 'quantitative',
    title,
    scale: { type: 'log', domain, nice: false },
    axis: { values: logTicks(domain), format: ',' },
  };
}

/** 1, 2, 5 times powers of ten; over more than three decades the powers alone. */
export function logTicks([low, high]: Domain): number[] {
  const steps = high / low > 1000 ? [1] : [1, 2, 5];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const step of steps) ticks.push(Number((step * 10 ** power).toPrecision(1)));
  }
  return ticks.filter((tick) => tick >= low && tick <= high);
}

/** Where a value lies, in pixels from the top of a plot of that height. */
export function logPixel(value: number, [low, high]: Domain, height: number): number {
  return height * (1 - Math.log(value / low) / Math.log(high / low));
}
