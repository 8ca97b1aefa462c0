import type { NoticeRecord } from './run-record.ts';
import { countOf, formatNumber } from './wording.ts';

/**
 * Every remark that a run can make about itself, by its stable id. Each ends in advice.
 * A notice explains or qualifies figures; it never decides whether a case may be believed (that is credibility).
 */
const NOTICES = {
  'shared-host': entry(
    (p: { sameCores: boolean }) =>
      p.sameCores
        ? 'The server and the generator run on the same cores of this machine.'
        : 'The server and the generator share this machine.',
    'Compare the settings with each other; do not quote the absolute figures.',
  ),
  'wrong-answers': entry(
    (p: { wrong: number; compared: number; example: string }) =>
      `${p.wrong} of ${p.compared} compared answers were wrong: ${p.example}.`,
    'Look at how the server puts batches together and takes them apart; until then its speed says nothing.',
  ),
  'failed-requests': entry(
    (p: { failed: number; cases: string; outcomes: string }) =>
      `${countOf(p.failed, 'request')} failed: ${p.cases}. ${p.outcomes}.`,
    'Above what a setting carries that is the finding: lower the rate to have every request answered. Elsewhere look at the log of the server, or lengthen measure.warmup.',
  ),
  imprecise: entry(
    (p: { cases: number; of: string; askedPct: number }) =>
      `${p.of} was not known to ±${formatNumber(p.askedPct)} % when the longest time was over in ${countOf(p.cases, 'case')}.`,
    'Raise measure.stop.maxDuration, or ask for less precision; the intervals say what is known.',
  ),
  unpinned: entry(
    (p: { reason: string }) => `The server was not bound to cores of its own: ${p.reason}.`,
    'Expect more spread between runs; on Linux install util-linux (taskset) and allow at least two cores.',
  ),
  crowded: entry(
    (p: { generators: number; cores: number }) =>
      `${p.generators} generators share ${countOf(p.cores, 'core')}: with the server there are more threads than cores.`,
    'Set load.generators to auto, or give the run more cores: threads that wait for a core send late.',
  ),
  'no-gpu': entry(
    (p: { reason: string }) => `${p.reason}: GPU panels are left out.`,
    'Nothing to do on a machine without a GPU; otherwise install the NVIDIA driver on the machine of the run.',
  ),
  'provider-ran': entry(
    (p: { requested: string; ran: string }) =>
      `The model ran on the ${p.ran} provider (asked for: ${p.requested}).`,
    'Name the provider in the scenario (target.reference.provider) to have a run fail when it is not available.',
  ),
  'cpu-quota': entry(
    (p: { quotaCores: number; throttledMs: number }) =>
      `A CPU quota of ${p.quotaCores} cores held processes back for ${Math.round(p.throttledMs)} ms while measuring.`,
    'Raise or remove the quota of the container, or read the figures as those of the quota.',
  ),
  governor: entry(
    (p: { governor: string }) => `The CPU frequency governor is "${p.governor}".`,
    'Set it to "performance" while measuring: at low load a slower clock looks like a slower server.',
  ),
  steal: entry(
    (p: { stealPct: number }) =>
      `Other virtual machines took ${p.stealPct.toFixed(1)} % of this machine's CPU time while measuring.`,
    'Repeat on a quieter or dedicated machine; tails are the first to suffer.',
  ),
  pressure: entry(
    (p: { pressurePct: number }) =>
      `Some process of this machine waited for a CPU during ${p.pressurePct.toFixed(1)} % of the time.`,
    'Stop what else runs here, give the server fewer threads, or drive it from another machine.',
  ),
  'clock-drift': entry(
    (p: { driftMs: number }) =>
      `The wall clock and the monotonic clock disagree by ${p.driftMs.toFixed(1)} ms over the run.`,
    'The clock was being adjusted: repeat the run when time synchronisation has settled.',
  ),
  gc: entry(
    (p: { longestMs: number; count: number }) =>
      `Garbage collection stopped the generator ${p.count} times, ${p.longestMs.toFixed(1)} ms at the longest.`,
    'Use fewer distinct payloads or smaller ones if the dispatch lag shows it.',
  ),
  'elu-high': entry(
    (p: { utilizationPct: number }) =>
      `The generator's event loop was busy ${Math.round(p.utilizationPct)} % of the time.`,
    'A hint, not a verdict: the lag figures say whether the client shaped the result.',
  ),
  'above-ceiling': entry(
    (p: { offeredPerS: number; ceilingPerS: number }) =>
      `${Math.round(p.offeredPerS)}/s was asked of one generator, more than the ${Math.round(p.ceilingPerS)}/s that the doctor found it able to send from one core.`,
    'Use more of load.generators, or several machines; or measure this one again: inferometer doctor --measure.',
  ),
  'histogram-leak': entry(
    (p: { histograms: number }) => `${countOf(p.histograms, 'histogram')} never freed.`,
    'A fault of Inferometer that costs memory and no figure: please report it with the scenario.',
  ),
  'client-limited': entry(
    (p: { cases: number; causes: readonly string[] }) =>
      `${countOf(p.cases, 'case')} measured the generator rather than the server.${p.causes.length === 0 ? '' : ` Seen meanwhile: ${p.causes.join('; ')}.`}`,
    'Give the generator a core of its own, lower the rate, or drive the server from another machine.',
  ),
  'connection-limited': entry(
    (p: { cases: number }) => `${countOf(p.cases, 'case')} waited for a free connection of the client.`,
    'Raise load.connections.',
  ),
  'peer-engine': entry(
    (p: { engine: string }) =>
      `${p.engine} drove the load: it has no plan, so there is no response time and no lag, and answers are judged by their status alone.`,
    'Compare its service times and its throughput; use load.engine: inferometer for everything else.',
  ),
  'peer-transport': entry(
    (p: { transport: string }) => `${p.transport} carried the requests, at several times the CPU of ours.`,
    'Use it to check ours; its own work is part of every latency that it shows.',
  ),
  'littles-law': entry(
    (p: { ratio: number }) =>
      `Concurrency and completions do not agree (Little's law is off by ${Math.abs((p.ratio - 1) * 100).toFixed(0)} %).`,
    'Use a longer measure phase; in a short one the requests at its edges weigh too much.',
  ),
  'timed-from-ask': entry(
    (p: { example: string }) => `Response times count from when a request was due. ${p.example}`,
    'Tools that time from the send leave that wait out; compare like with like.',
  ),
  'server-count-mismatch': entry(
    (p: { sent: number; arrived: number }) =>
      `The generator sent ${p.sent} requests, the server counted ${p.arrived}.`,
    'Somebody else uses this server, or something between drops requests: measure it alone and directly.',
  ),
  proxy: entry(
    (p: { evidence: string }) => `Something stands between the generator and the server: ${p.evidence}.`,
    'Measure the server directly as well: a proxy or port-forward adds latency and connection limits of its own.',
  ),
  'as-found': entry(
    (p: { found: string }) =>
      `This server cannot be varied: the one setting that it runs was measured (${p.found}).`,
    'Change the setting on the server and run again to compare.',
  ),
  'priced-as': entry(
    (p: { machine: string; why: string }) => `Priced as ${p.machine}: ${p.why}.`,
    'Choose another with --price, or describe your own hardware.',
  ),
  padding: entry(
    (p: { sharePct: number; setting: string }) =>
      `${Math.round(p.sharePct)} % of the rows executed with ${p.setting} were padding.`,
    'Allow more batch sizes on the server: padded rows cost compute and answer nobody.',
  ),
  'body-bytes': entry(
    (p: { sizes: string }) => `What a request carries depends on the setting: ${p.sizes}.`,
    'Over a network each byte takes time as well: compare where clients are, not only beside the server.',
  ),
  knee: entry(
    (p: { setting: string; below: string; above: string }) =>
      `The knee of ${p.setting} lies between ${p.below} and ${p.above}.`,
    'Keep the number in flight below it: past it, more in flight adds waiting and nothing else.',
  ),
  quick: entry(
    (_: object) => 'A quick run: the times of the scenario were cut to a third.',
    'For figures to keep run it without --quick; fewer requests mean wider intervals.',
  ),
  'left-out': entry((p: { what: string }) => p.what, 'Run it against the bundled server to have it too.'),
  'above-limit': entry(
    (p: { cases: readonly string[] }) =>
      `${countOf(p.cases.length, 'case')} not driven, because ${p.cases.length === 1 ? 'its rate is' : 'their rates are'} above limits.maxRate: ${p.cases.join('; ')}.`,
    'Raise limits.maxRate if the server may be loaded that far.',
  ),
  'raw-log-gap': entry(
    (p: { gaps: readonly string[] }) => `The raw logs do not hold every request: ${p.gaps.join('; ')}.`,
    'The figures of the run itself counted every request; keep the log on a faster or larger disk (--out).',
  ),
  aborted: entry(
    (p: { rule: string }) => `Stopped early by limits.abort: ${p.rule}.`,
    'The figures describe the time up to then; lower the rate or relax the rule.',
  ),
  'event-failed': entry(
    (p: { failures: readonly string[] }) =>
      `Not everything happened as the scenario says: ${p.failures.join('; ')}.`,
    'The case is not the one that was asked for: correct the event, or look at the log of the server.',
  ),
  interrupted: entry(
    (p: { measured: number; planned: number }) =>
      `Interrupted: ${p.measured} of ${countOf(p.planned, 'case')} measured.`,
    'What was measured is kept; run it again for the rest.',
  ),
};

export type NoticeId = keyof typeof NOTICES;
export type NoticeParams<Id extends NoticeId> = Parameters<(typeof NOTICES)[Id]['message']>[0];

export const NOTICE_IDS = Object.keys(NOTICES) as NoticeId[];

/** Builds the notice `id`; `caseIds` names the cases that it is about, absent for the whole run. */
export function notice<Id extends NoticeId>(
  id: Id,
  params: NoticeParams<Id>,
  caseIds?: readonly string[],
): NoticeRecord {
  const { message, advice } = NOTICES[id] as { message: (p: NoticeParams<Id>) => string; advice: string };
  const record = { id, message: message(params), advice };
  return caseIds === undefined ? record : { ...record, caseIds: [...caseIds] };
}

/** The standing advice of a notice, for `inferometer explain`. */
export function noticeAdvice(id: NoticeId): string {
  return NOTICES[id].advice;
}

function entry<P>(message: (params: P) => string, advice: string) {
  return { message, advice };
}
