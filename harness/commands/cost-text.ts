import type { Fleet } from '../cost/fleet.ts';
import { describePrice } from '../cost/price-book.ts';
import {
  formatBill,
  formatNumber,
  formatRate,
  formatTimes,
  formatUnitPrice,
  predictionsPerDollar,
} from '../record/wording.ts';
import { axesText, fittedColumns, labelled } from '../terminal/layout.ts';
import type { CostAnswer, PricedSetting } from './cost-answer.ts';

/** In a price that rests on an assumption, every line that shows money says so. */
export function costText(answer: CostAnswer): string {
  const { run, pricing, settings, fleet } = answer;
  const tag = pricing.whatIf === undefined ? '' : 'what-if';
  return [
    `inferometer cost · ${run.scenario} · ${run.id}`,
    '',
    ...pricedAs(answer, tag),
    '',
    ...settingLines(settings, run.slo, tag),
    ...(fleet === undefined ? [] : ['', ...fleetLines(fleet, tag)]),
    '',
  ].join('\n');
}

function pricedAs({ pricing, sharedCores }: CostAnswer, tag: string): string[] {
  const { price, why, whatIf } = pricing;
  return [
    labelled('PRICED AS', `${tag === '' ? '' : `${tag}: `}${describePrice(price)}`),
    labelled('', `${why}.`),
    ...(whatIf === undefined ? [] : [labelled('WHAT-IF', `${whatIf}.`)]),
    ...(sharedCores
      ? [labelled('', 'Generator and server shared its cores: a server alone would carry more.')]
      : []),
    labelled('SOURCE', price.machine.source),
  ];
}

function settingLines(settings: readonly PricedSetting[], slo: readonly string[], tag: string): string[] {
  const promise = slo.length === 0 ? 'no SLO' : slo.join(', ');
  const head = ['setting', 'up to', 'per 1,000', 'per million', 'per $1', ''];
  const priced = settings.filter((setting) => setting.usdPer1000 !== undefined);
  const unpriced = settings.filter((setting) => setting.usdPer1000 === undefined);
  const rows = priced.map(({ axes, requestsPerS = 0, usdPer1000: usd = 0 }) => [
    axesText(axes),
    formatRate(requestsPerS),
    formatUnitPrice(usd),
    formatUnitPrice(usd * 1000),
    predictionsPerDollar(usd),
    tag,
  ]);
  return [
    labelled('AT THE SLO', `always busy, at the highest rate that provenly holds ${promise}`),
    ...(rows.length === 0
      ? [labelled('', 'No setting has a price: none is proven to hold the promise.')]
      : fittedColumns([head, ...rows], [0, 5])),
    ...unpriced.map(({ axes, why }) => labelled('no price', `${axesText(axes)}: ${why}`)),
    ...stickerLines(settings, tag),
  ];
}

/** The price at saturation is what a sticker says; it stands apart because no promise is kept there. */
function stickerLines(settings: readonly PricedSetting[], tag: string): string[] {
  const stickers = settings.map((setting) => setting.usdPer1000AtSaturation ?? Number.POSITIVE_INFINITY);
  const least = Math.min(...stickers);
  if (!Number.isFinite(least)) return [];
  const name = axesText(settings[stickers.indexOf(least)]?.axes ?? {});
  const text = `${tag === '' ? '' : `${tag}: `}${formatUnitPrice(least)} per 1,000 with ${name}, where no promise on waiting is kept`;
  return [labelled('SATURATION', text)];
}

function fleetLines(
  { axes, traffic, plan, reserve, autoscaled, capacity }: NonNullable<CostAnswer['fleet']>,
  tag: string,
): string[] {
  const peak = traffic.peakPerS > traffic.meanPerS ? `, peak ${formatRate(traffic.peakPerS)}` : '';
  const kept = `${Math.round(reserve.headroom * 100)} % headroom, ${reserve.spare} spare`;
  const rows = [
    ['', 'machines', 'per month', 'per 1,000', 'used', ''],
    fleetRow('always on, for the peak', plan, tag),
    ...(plan.range === undefined || plan.range.low.machines === plan.machines
      ? []
      : [fleetRow(`if one carries ${formatRate(capacity.high ?? capacity.value)}`, plan.range.low, tag)]),
    ...(autoscaled === undefined
      ? []
      : [
          [
            'ideal autoscaling',
            `${autoscaled.machineHoursPerDay.toFixed(1)} h/day`,
            formatBill(autoscaled.usdPerMonth),
            formatUnitPrice(autoscaled.usdPer1000),
            '',
            tag,
          ],
        ]),
  ];
  const causes = plan.causes
    .map(
      ({ name, factor, meaning }) => `${name} x ${formatNumber(Number(factor.toPrecision(2)))} (${meaning})`,
    )
    .join(', ');
  return [
    labelled('FLEET', `${formatRate(traffic.meanPerS)}${peak}, with ${axesText(axes)}; ${kept}`),
    ...fittedColumns(rows, [0, 5]),
    labelled('WHY', `${formatTimes(plan.factor)} the price at full use: ${causes}.`),
    ...(autoscaled === undefined
      ? []
      : [labelled('', 'Ideal autoscaling boots at once and is never late; no real one is cheaper.')]),
  ];
}

function fleetRow(name: string, fleet: Fleet, tag: string): string[] {
  return [
    name,
    String(fleet.machines),
    formatBill(fleet.usdPerMonth),
    formatUnitPrice(fleet.usdPer1000),
    `${Math.round(fleet.utilization * 100)} %`,
    tag,
  ];
}
