import type { CaseRecord } from '../../harness/record/case-record.ts';
import { isMissing } from '../../harness/record/figures.ts';
import type { Series } from '../../harness/record/watched.ts';
import { sparkline } from '../charts/sparkline.ts';
import { caseFigure } from '../figures.ts';
import { significant } from '../format.ts';
import { type Html, html } from '../html.ts';

/** What holds the clocks of a healthy GPU: nothing to do, or somebody's setting. */
const CLOCKS_BY_CHOICE = ['idle', 'application clocks', 'display clocks'];

/** What the machine did during one case: means over the measure phase, then every series that was read. */
export function utilisation(one: CaseRecord): Html {
  return html`<dl class="terms">
  <dt>server</dt><dd>${caseFigure(one, 'utilization.serverCpuCores')} CPU cores, ${caseFigure(one, 'utilization.serverRssMiB')} MiB of memory</dd>
  <dt>generator</dt><dd>${caseFigure(one, 'utilization.generatorCpuCores')} CPU cores</dd>
  ${gpus(one)}
</dl>
<div class="sparks">${Object.entries(one.readings).flatMap(([probe, metrics]) => Object.entries(metrics).map(([metric, series]) => spark(probe, metric, series)))}</div>`;
}

function gpus(one: CaseRecord): Html {
  const { gpu } = one.utilization;
  if (isMissing(gpu)) return html`<dt>GPU</dt><dd>none shown: ${gpu.missing}</dd>`;
  return html`${gpu.map((device, place) => {
    const at = (field: string): Html => caseFigure(one, `utilization.gpu.${place}.${field}`);
    const slowed = device.throttleReasons.filter((reason) => !CLOCKS_BY_CHOICE.includes(reason));
    const throttled = slowed.length === 0 ? 'not throttled' : `throttled: ${slowed.join(', ')}`;
    return html`<dt>GPU ${device.index}</dt><dd>${device.name}: ${at('utilizationPct')} % busy, ${at('memoryUsedMiB')} of ${at('memoryTotalMiB')} MiB, ${at('powerW')} W, ${at('smClockMHz')} MHz, ${throttled}</dd>`;
  })}`;
}

function spark(probe: string, metric: string, series: Series): Html {
  const read = series.values.filter((value) => value !== null);
  const name = `${probe} ${metric}`;
  if (read.length === 0) {
    return html`<div class="spark"><p class="what"><span>${name}</span></p><p class="note">${series.gaps?.join('; ') ?? 'nothing was read'}</p></div>`;
  }
  const mean = read.reduce((sum, value) => sum + value, 0) / read.length;
  const gaps = series.values.length - read.length;
  const gapTip = series.gaps?.join('; ') ?? 'a read failed';
  return html`<div class="spark" data-series="${probe}.${metric}">
  <p class="what"><span>${name}</span><strong>${significant(mean)} ${series.unit}</strong></p>
  ${sparkline(series, name)}
  <p class="range"><span>${significant(Math.min(...read))} to ${significant(Math.max(...read))}</span>
  ${gaps > 0 && html`<span data-tip="${gapTip}" tabindex="0">${gaps} of ${series.values.length} missing<span class="sr-only">: ${gapTip}</span></span>`}</p></div>`;
}
