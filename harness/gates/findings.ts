import type { CaseRecord } from '../record/case-record.ts';
import { isMissing } from '../record/figures.ts';
import { notice } from '../record/notices.ts';
import { ranHere } from '../record/ran-here.ts';
import type { NoticeRecord, RunRecord } from '../record/run-record.ts';
import { withoutLoad } from '../record/settings.ts';
import { formatBytes, formatCount, formatMs, formatRate } from '../record/wording.ts';
import { failedRequests } from './failed-requests.ts';
import { settingsOf } from './settings.ts';
import { settingWords } from './wording.ts';

type Findings = Pick<RunRecord, 'cases' | 'scenario' | 'answer'>;

/** What the cases themselves show and a reader should know, the most useful first. */
export function findingsOf(record: Findings): NoticeRecord[] {
  return mostUsefulFirst([
    ...sharedHost(record),
    ...failedRequests(record),
    ...timedFromAsk(record),
    ...padding(record),
    ...bodySizes(record),
    ...knee(record),
    ...noGpu(record),
  ]);
}

/** Notices that change what may be concluded stand before those that explain, and those before remarks. */
const USEFULNESS = [
  'wrong-answers',
  'event-failed',
  'failed-requests',
  'client-limited',
  'connection-limited',
  'server-count-mismatch',
  'interrupted',
  'aborted',
  'cpu-quota',
  'clock-drift',
  'steal',
  'shared-host',
  'timed-from-ask',
  'padding',
  'body-bytes',
  'knee',
  'as-found',
  'quick',
  'proxy',
  'provider-ran',
  'pressure',
  'littles-law',
  'no-gpu',
  'priced-as',
];

/** Sorts notices by how much they change what a reader may conclude; of one id the last given is kept. */
export function mostUsefulFirst(notices: readonly NoticeRecord[]): NoticeRecord[] {
  const rank = ({ id }: NoticeRecord) => {
    const at = USEFULNESS.indexOf(id);
    return at < 0 ? USEFULNESS.length : at;
  };
  const last = new Map(notices.map((one) => [one.id, one]));
  return [...last.values()].sort((a, b) => rank(a) - rank(b));
}

/** Generator and server on one machine, as for every server that a scenario starts itself. */
function sharedHost({ cases }: Findings): NoticeRecord[] {
  return cases.some(ranHere) ? [notice('shared-host', { sameCores: false })] : [];
}

function noGpu({ cases }: Findings): NoticeRecord[] {
  const [first] = cases;
  if (first === undefined || !isMissing(first.utilization.gpu)) return [];
  return [
    notice('no-gpu', {
      reason: first.utilization.gpu.missing.replace(/^\w/, (letter) => letter.toUpperCase()),
    }),
  ];
}

/**
 * The same overloaded case by two clocks: timed from the send, its latency is that of a full set of connections;
 * timed from when a request was due, it is the queue that has piled up, and it grows.
 */
function timedFromAsk({ cases, scenario }: Findings): NoticeRecord[] {
  const told = cases
    .flatMap((record) => {
      const { service } = record.latencyMs;
      const waitS = finalWaitS(record);
      return waitS === undefined || isMissing(service.p99)
        ? []
        : [{ record, waitS, sendTimedMs: service.p99.value }];
    })
    .filter(({ waitS, sendTimedMs }) => waitS * 1000 > 2 * sendTimedMs)
    .sort((a, b) => b.waitS - a.waitS);
  const [most] = told;
  if (most === undefined) return [];
  const { record, waitS, sendTimedMs } = most;
  const where = `${settingWords(withoutLoad(record.axes), scenario.axes)} at ${formatRate(record.load.resolvedRate ?? 0)}`;
  const example =
    `Timed from the send over ${record.load.connections} connections, as most tools do, ${where} reads p99 ${formatMs(sendTimedMs)}; ` +
    `after ${formatMs(record.durationS * 1000)} its users were waiting ${formatMs(waitS * 1000)}, and longer every second.`;
  return [notice('timed-from-ask', { example }, [record.id])];
}

/**
 * How long the last arrivals of an overloaded case have to wait: what has piled up at the end of the measure phase,
 * at the speed at which it is worked off. Undefined where nothing piled up (a bounded queue that refuses).
 */
export function finalWaitS({ credibility, load, windows, counts }: CaseRecord): number | undefined {
  if (credibility.status !== 'overloaded' || load.resolvedRate === undefined) return undefined;
  const measured = windows.filter(({ phase }) => phase === 'measure');
  const finished = measured.reduce((sum, { ok, notOk }) => sum + ok + notOk, 0);
  const seconds = measured.reduce((sum, { durationS }) => sum + durationS, 0);
  const backlog = counts.scheduled - finished;
  return backlog > 0 && finished > 0 ? backlog / (finished / seconds) : undefined;
}

/** Padding that nobody sees: the setting with most of it, from a twentieth of its rows on. */
function padding({ cases, scenario }: Findings): NoticeRecord[] {
  const padded = cases
    .flatMap((record) => (isMissing(record.batch) ? [] : [{ record, batch: record.batch }]))
    .map(({ record, batch }) => ({
      record,
      sharePct: (100 * batch.paddedRows) / Math.max(1, batch.rowsExecuted + batch.paddedRows),
    }))
    .sort((a, b) => b.sharePct - a.sharePct);
  const [most] = padded;
  if (most === undefined || most.sharePct < 5) return [];
  const setting = settingWords(withoutLoad(most.record.axes), scenario.axes);
  return [notice('padding', { sharePct: most.sharePct, setting }, [most.record.id])];
}

/** Settings whose requests differ by more than this are told apart by their size. */
const OTHER_SIZE = 0.1;

/** How much each setting's requests carry, where they carry more with one than with another. */
function bodySizes({ cases, scenario }: Findings): NoticeRecord[] {
  const sizes = new Map<string, number>();
  for (const { axes, bodyBytes } of cases) {
    const setting = settingWords(withoutLoad(axes), scenario.axes);
    if (bodyBytes !== undefined && !sizes.has(setting)) sizes.set(setting, bodyBytes.sent);
  }
  const all = [...sizes.values()];
  if (all.length < 2 || Math.max(...all) <= Math.min(...all) * (1 + OTHER_SIZE)) return [];
  const told = [...sizes].map(([setting, bytes]) => `${formatBytes(bytes)} with ${setting}`);
  return [notice('body-bytes', { sizes: told.join(', ') })];
}

/**
 * Brackets the knee of the answer's setting: between the requests in flight at the highest rate that it carries
 * (Little: rate x mean response time) and those of the closed pass.
 */
function knee({ cases, scenario, answer }: Findings): NoticeRecord[] {
  const setting = settingsOf(cases, []).find(
    ({ axes }) => answer.setting !== undefined && JSON.stringify(axes) === JSON.stringify(answer.setting),
  );
  const carried = setting?.steps.findLast(({ record }) => record.credibility.status !== 'overloaded');
  const closed = setting?.saturation;
  if (setting === undefined || carried === undefined || closed?.load.inFlight === undefined) return [];
  const mean = carried.record.latencyMs.response.mean;
  if (isMissing(mean)) return [];
  const inFlight = (carried.record.throughput.requestsPerS * mean) / 1000;
  if (inFlight >= closed.load.inFlight) return [];
  const point = (n: number, { throughput }: CaseRecord) =>
    `${formatCount(n)} requests in flight (${formatRate(throughput.requestsPerS)})`;
  return [
    notice('knee', {
      setting: settingWords(setting.axes, scenario.axes),
      below: point(inFlight, carried.record),
      above: point(closed.load.inFlight, closed),
    }),
  ];
}
