import { doctorSummaryIn } from '../../harness/record/doctor-record.ts';
import { type Figure, isMissing } from '../../harness/record/figures.ts';
import type { RunRecord } from '../../harness/record/run-record.ts';
import { milliseconds, perSecond, significant } from '../format.ts';
import { type Html, html } from '../html.ts';
import { rateOf, settingLabel } from '../views.ts';
import { repeatCommand } from './answer.ts';

/** How each figure was come by, with this run's own numbers in the formulas. */
export function methodSection(record: RunRecord): Html {
  return html`<section aria-labelledby="method"><h2 id="method">Method and formulas</h2>
  <dl class="terms">
  <dt>response time</dt><dd>done − intended: from the instant at which the schedule wanted the request sent until its answer was complete. What a user would have waited; every latency in this report unless another is named.</dd>
  <dt>service time</dt><dd>done − sent: what the server and the network took. A server that falls behind still looks healthy by it.</dd>
  <dt>send lag</dt><dd>sent − intended = dispatch lag (the generator acted late, its own fault) + the wait for a free connection.</dd>
  <dt>counting</dt><dd>Latency and outcomes are of the requests that were intended within the measure phase, whenever they finish: scheduled = sent + unsent, sent = ok + failed + timed out + cancelled + still open. What never finished is not dropped: a percentile whose rank falls among those reads “&gt; x”.</dd>
  <dt>throughput</dt><dd>ok completions within the measure phase ÷ its length; its interval from batch means over the windows. A request with 8 rows is 8 predictions.</dd>
  <dt>intervals</dt><dd>95 %, from order statistics of the requests themselves. Successive requests wait in the same queue, so n is divided by the design effect d, found from batch means over windows${designEffects(record)}. A percentile is shown only with enough requests to prove it (p99: 459 when none is late; p99.9: 4,603).</dd>
  <dt>loads</dt><dd>${loads(record)}</dd>
  ${doctor(record)}
  <dt>believed?</dt><dd><em>overloaded</em>: completions below 97 % of what was offered, or a backlog that grows. <em>client-limited</em>, <em>connection-limited</em>: the client's own lateness or its connections moved a percentile by more than 5 %. <em>inconclusive</em>: too few requests, not steady, or clocks that drift. <em>valid</em>: none of these.</dd>
  ${capacity(record)}
  <dt>cost</dt><dd>$ per 1,000 = price of an hour ÷ (rows per second × 3.6). For traffic: machines = max(⌈peak ÷ (capacity × (1 − headroom))⌉, ⌈peak ÷ capacity⌉ + spare); a month has 730 hours; the fleet is sized for the peak and always on.</dd>
  </dl>
  <h3>Repeat it</h3>
  <p class="lead">${record.scenario.question}</p>
  <pre class="text" tabindex="0">${repeatCommand(record)}</pre>
  <details><summary>The scenario as it was read (hash ${record.scenario.hash})</summary><pre class="text" tabindex="0">${record.scenario.text}</pre></details>
  ${skipped(record)}
</section>`;
}

function designEffects(record: RunRecord): string {
  const known = record.cases.flatMap(({ designEffect }) => (isMissing(designEffect) ? [] : [designEffect]));
  if (known.length === 0) return '';
  const [low, high] = [Math.min(...known), Math.max(...known)].map(significant);
  return low === high ? ` (here ${low})` : ` (here ${low} to ${high})`;
}

function loads(record: RunRecord): Html {
  const seen = new Map(record.cases.map((one) => [one.load.label, one]));
  const words = [...seen.values()].map((one) => {
    const { load } = one;
    const by = load.engine === undefined ? '' : `, driven by ${load.engine}`;
    const over = load.transport === undefined ? '' : `, over the transport ${load.transport}`;
    if (load.shape === 'closed')
      return `${load.label}: closed loop, ${load.inFlight ?? '?'} in flight${by}${over}`;
    const share =
      load.fractionOf === undefined
        ? ''
        : `, ${significant(load.fractionOf.fraction * 100)} % of the ${perSecond(load.fractionOf.ofRate)}/s of ${load.fractionOf.ofCase}`;
    const { sharesOf } = load.law ?? {};
    const shares =
      sharesOf === undefined
        ? ''
        : `, in shares of the ${perSecond(sharesOf.ofRate)}/s of ${sharesOf.ofCase}: ${sharesOf.words}`;
    const shape = load.law === undefined ? (load.arrivals ?? load.shape) : `on average, ${load.law.words}`;
    return `${load.label}: ${perSecond(rateOf(one))}/s ${shape}${share}${shares}${over}`;
  });
  return html`${words.join('; ')}. Seed ${record.scenario.seed}. A closed loop waits for its answers, so its times are not comparable with those of the open loads.`;
}

/** What the measuring itself takes on this machine, where it was measured. */
function doctor({ environment }: RunRecord): Html | undefined {
  const summary = doctorSummaryIn(environment);
  if (summary === undefined) return undefined;
  const { at, httpPerCorePerS, httpFloorP50Ms, httpFloorP99Ms, sendLagP99Ms } = summary;
  const lags = Object.entries(sendLagP99Ms).map(([rate, lag]) => `${ms(lag)} at ${rate}`);
  return html`<dt>this machine</dt><dd>By <code>inferometer doctor --measure</code> of ${at.slice(0, 10)}: one core of the generator sends up to ${isMissing(httpPerCorePerS) ? 'an unknown number' : perSecond(httpPerCorePerS)}/s; a server that does nothing reads p50 ${ms(httpFloorP50Ms)} and p99 ${ms(httpFloorP99Ms)}; p99 of the send lag ${lags.join(', ')}. Latencies of that size are the client's own.</dd>`;
}

function ms(figure: Figure): string {
  return isMissing(figure) ? 'unknown' : `${milliseconds(figure)} ms`;
}

function capacity(record: RunRecord): Html | undefined {
  const { slo } = record.decide;
  if (slo.length === 0) return undefined;
  return html`<dt>capacity</dt><dd>The highest rate that was tried whose promise (${slo.join(', ')}) is proven: the whole interval lies within the bound. The true capacity lies between that rate and the next one tried. Settings whose intervals overlap are named as ties.</dd>`;
}

function skipped({ scenario }: RunRecord): Html | undefined {
  if (scenario.skipped.length === 0) return undefined;
  return html`<p class="note">Left out by a rule of the scenario: ${scenario.skipped.map(settingLabel).join('; ')}.</p>`;
}
