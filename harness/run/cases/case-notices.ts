import type { CaseRecord } from '../../record/case-record.ts';
import { arrivalMismatch } from '../../record/conservation.ts';
import { isMissing } from '../../record/figures.ts';
import type { Cause } from '../../record/judged.ts';
import type { LoadRecord } from '../../record/load-record.ts';
import { notice } from '../../record/notices.ts';
import type { NoticeRecord, RunRecord } from '../../record/run-record.ts';
import { PEER_TRANSPORTS } from '../../scenario/load-spec.ts';
import { ABORT_EVENT } from '../load-engine.ts';

/** Concurrency and completions that differ by more than this do not describe one and the same loop. */
const LITTLES_LAW = 0.05;

/** What the cases as a whole say about the run: who was the limit, what ended early, whose counts disagree. */
export function caseNotices(record: Pick<RunRecord, 'cases' | 'environment'>): NoticeRecord[] {
  const { cases } = record;
  return [
    ...clientLimited(cases),
    ...connectionLimited(cases),
    ...peers(cases),
    ...aborted(cases),
    ...imprecise(cases),
    ...countMismatch(cases),
    ...wrongAnswers(cases),
    ...eventFailed(cases),
    ...littlesLaw(cases),
    ...histogramLeak(cases),
    ...proxied(cases),
    ...providerRan(record),
  ];
}

function clientLimited(cases: readonly CaseRecord[]): NoticeRecord[] {
  const limited = cases.filter(({ credibility }) => credibility.status === 'client-limited');
  const seen = new Set(limited.flatMap(({ credibility }) => credibility.causes ?? []).map(({ id }) => id));
  const causes = [...seen].map((id) => CAUSE_WORDS[id]);
  return about(limited, (ids) => notice('client-limited', { cases: ids.length, causes }, ids));
}

/** Over many cases, without the figures that each has of its own. */
const CAUSE_WORDS: Readonly<Record<Cause['id'], string>> = {
  gc: 'garbage collection in the generator',
  'cpu-quota': 'a CPU quota',
  steal: 'other virtual machines on this host',
  pressure: 'processes waiting for a CPU',
  'same-cores': 'the server on the same cores',
  'late-wakes': 'a machine that wakes its sleepers late',
};

/** What `measure.stop` asked for and the longest time did not give. */
function imprecise(cases: readonly CaseRecord[]): NoticeRecord[] {
  const short = cases.filter(({ trials }) =>
    trials.some(({ stopped }) => stopped?.reason === 'max-duration'),
  );
  const stopped = short[0]?.trials.find((trial) => trial.stopped !== undefined)?.stopped;
  if (stopped === undefined) return [];
  const { of, asked } = stopped;
  return about(short, (ids) => notice('imprecise', { cases: ids.length, of, askedPct: 100 * asked }, ids));
}

function connectionLimited(cases: readonly CaseRecord[]): NoticeRecord[] {
  const limited = cases.filter(({ credibility }) => credibility.status === 'connection-limited');
  return about(limited, (ids) => notice('connection-limited', { cases: ids.length }, ids));
}

function wrongAnswers(cases: readonly CaseRecord[]): NoticeRecord[] {
  const failing = cases.filter(({ answers }) => (answers?.wrong ?? 0) > 0);
  const sum = (pick: 'wrong' | 'compared') =>
    failing.reduce((total, { answers }) => total + (answers?.[pick] ?? 0), 0);
  const example = failing[0]?.answers?.example ?? '';
  const params = { wrong: sum('wrong'), compared: sum('compared'), example };
  return about(failing, (ids) => notice('wrong-answers', params, ids));
}

function eventFailed(cases: readonly CaseRecord[]): NoticeRecord[] {
  const failures = cases.flatMap(({ id, changes = [] }) =>
    changes
      .filter(({ failed }) => failed)
      .map(({ what, message }) => ({ id, words: `${what} (${message})` })),
  );
  if (failures.length === 0) return [];
  const words = [...new Set(failures.map((one) => one.words))];
  return [notice('event-failed', { failures: words }, [...new Set(failures.map(({ id }) => id))])];
}

function histogramLeak(cases: readonly CaseRecord[]): NoticeRecord[] {
  const left = ({ bugCounters }: CaseRecord) => bugCounters?.undestroyedHistograms ?? 0;
  const leaking = cases.filter((one) => left(one) > 0);
  const histograms = leaking.reduce((sum, one) => sum + left(one), 0);
  return about(leaking, (ids) => notice('histogram-leak', { histograms }, ids));
}

/** One notice about these cases, if there are any. */
function about(cases: readonly CaseRecord[], make: (ids: string[]) => NoticeRecord): NoticeRecord[] {
  return cases.length === 0 ? [] : [make(cases.map(({ id }) => id))];
}

function peers(cases: readonly CaseRecord[]): NoticeRecord[] {
  const byEngine = cases.filter(({ load }) => load.engine !== undefined);
  const byTransport = cases.filter(({ load }) => PEER_TRANSPORTS.some((peer) => peer === load.transport));
  return [
    ...peer(byEngine, ({ engine = '' }, ids) => notice('peer-engine', { engine }, ids)),
    ...peer(byTransport, ({ transport = '' }, ids) => notice('peer-transport', { transport }, ids)),
  ];
}

function peer(
  cases: readonly CaseRecord[],
  make: (load: LoadRecord, ids: string[]) => NoticeRecord,
): NoticeRecord[] {
  const [first] = cases;
  return first === undefined
    ? []
    : [
        make(
          first.load,
          cases.map(({ id }) => id),
        ),
      ];
}

function aborted(cases: readonly CaseRecord[]): NoticeRecord[] {
  const broken = cases.flatMap(({ id, events }) =>
    events
      .filter(({ message }) => message.startsWith(ABORT_EVENT))
      .map(({ message }) => ({ id, rule: message.slice(ABORT_EVENT.length) })),
  );
  if (broken.length === 0) return [];
  const rules = [...new Set(broken.map(({ rule }) => rule))];
  return [notice('aborted', { rule: rules.join('; ') }, [...new Set(broken.map(({ id }) => id))])];
}

/** A server of ours that miscounts is a refused record; somebody else's may be used by others meanwhile. */
function countMismatch(cases: readonly CaseRecord[]): NoticeRecord[] {
  const found = cases.flatMap((one) => {
    const mismatch = one.target.kind === 'external' ? arrivalMismatch(one) : undefined;
    return mismatch === undefined ? [] : [{ id: one.id, ...mismatch }];
  });
  if (found.length === 0) return [];
  const sum = (pick: (one: (typeof found)[number]) => number) =>
    found.reduce((total, one) => total + pick(one), 0);
  const totals = { sent: sum(({ sent }) => sent), arrived: sum(({ arrived }) => arrived) };
  return [
    notice(
      'server-count-mismatch',
      totals,
      found.map(({ id }) => id),
    ),
  ];
}

function littlesLaw(cases: readonly CaseRecord[]): NoticeRecord[] {
  const off = cases.flatMap(({ id, littlesLaw: law }) =>
    isMissing(law) || Math.abs(law.ratio - 1) <= LITTLES_LAW ? [] : [{ id, ratio: law.ratio }],
  );
  const [worst] = [...off].sort((a, b) => Math.abs(b.ratio - 1) - Math.abs(a.ratio - 1));
  if (worst === undefined) return [];
  return [
    notice(
      'littles-law',
      { ratio: worst.ratio },
      off.map(({ id }) => id),
    ),
  ];
}

function proxied(cases: readonly CaseRecord[]): NoticeRecord[] {
  const via = cases.map(({ target }) => target.effective.via).find((said) => typeof said === 'string');
  return via === undefined ? [] : [notice('proxy', { evidence: `its answers say "Via: ${via}"` })];
}

/** Where the choice was left to the server and a GPU is involved: it ran on one, or there is one and it did not. */
function providerRan({ cases, environment }: Pick<RunRecord, 'cases' | 'environment'>): NoticeRecord[] {
  const hasGpu = Array.isArray(environment.gpus) && environment.gpus.length > 0;
  for (const { target } of cases) {
    const { providerRan: ran } = target.effective;
    if (target.requested.provider !== 'auto' || typeof ran !== 'string') continue;
    if (hasGpu || ran !== 'cpu') return [notice('provider-ran', { requested: 'auto', ran })];
  }
  return [];
}
