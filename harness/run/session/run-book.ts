import { packageVersion } from '../../package-files.ts';
import type { Answer } from '../../record/answer.ts';
import type { CaseRecord } from '../../record/case-record.ts';
import { FORMAT_VERSION, type NoticeRecord, type RunRecord } from '../../record/run-record.ts';
import type { SearchRecord } from '../../record/search-record.ts';
import { loadLabels } from '../../scenario/load-labels.ts';
import type { Scenario } from '../../scenario/scenario.ts';

/** The record of a run while it grows. Every snapshot is a whole, valid record. */
export class RunBook {
  readonly #head: Omit<RunRecord, 'cases' | 'notices' | 'answer' | 'partial' | 'finishedAt'>;
  readonly #cases = new Map<string, CaseRecord>();
  readonly #searches = new Map<string, SearchRecord>();
  readonly #notices = new Map<string, NoticeRecord>();
  #answer: Answer = UNFINISHED;
  #finishedAt: string | undefined;
  #complete = false;

  constructor(
    scenario: Scenario,
    facts: { id: string; startedAt: Date; environment: RunRecord['environment']; plannedCases: number },
  ) {
    this.#head = {
      formatVersion: FORMAT_VERSION,
      tool: { name: 'inferometer', version: packageVersion() },
      id: facts.id,
      startedAt: facts.startedAt.toISOString(),
      scenario: scenarioRecord(scenario, facts.plannedCases),
      decide: decideRecord(scenario),
      environment: facts.environment,
      labels: { ...scenario.labels },
    };
  }

  get cases(): readonly CaseRecord[] {
    return [...this.#cases.values()];
  }

  /** Adds a case, or replaces it when another of its trials has been measured. */
  put(measured: CaseRecord): void {
    this.#cases.set(measured.id, measured);
  }

  /** Adds a search, or replaces it when another of its runs is over. */
  putSearch(search: SearchRecord): void {
    this.#searches.set(JSON.stringify(search.axes), search);
  }

  get planned(): number {
    return this.#head.scenario.plannedCases;
  }

  /** Fewer cases than planned, when some turn out to lie beyond a limit. */
  plan(plannedCases: number): void {
    this.#head.scenario.plannedCases = plannedCases;
  }

  /** The same notice is kept once, its cases joined. True when it is new. */
  note(notice: NoticeRecord): boolean {
    const known = this.#notices.get(notice.id);
    const caseIds = [...new Set([...(known?.caseIds ?? []), ...(notice.caseIds ?? [])])];
    this.#notices.set(notice.id, caseIds.length === 0 ? notice : { ...notice, caseIds });
    return known === undefined;
  }

  /** `notices` replace those that came up on the way, of which they are the ordered whole. */
  finish(answer: Answer, notices: readonly NoticeRecord[], complete: boolean): void {
    this.#notices.clear();
    for (const notice of notices) this.note(notice);
    this.#answer = answer;
    this.#complete = complete;
    this.#finishedAt = new Date().toISOString();
  }

  record(): RunRecord {
    return {
      ...this.#head,
      ...(this.#finishedAt === undefined ? {} : { finishedAt: this.#finishedAt }),
      partial: !this.#complete,
      notices: [...this.#notices.values()],
      answer: this.#answer,
      cases: inScenarioOrder([...this.#cases.values()], this.#head.scenario),
      ...(this.#searches.size === 0 ? {} : { searches: [...this.#searches.values()] }),
    };
  }
}

/** As a reader expects them, whatever the order in which they were driven: by setting, then by load. */
function inScenarioOrder(
  cases: readonly CaseRecord[],
  { axes, loadLabels: loads }: RunRecord['scenario'],
): CaseRecord[] {
  const dimensions = [...Object.entries(axes), ['load', loads] as const];
  const rank = (one: CaseRecord): number =>
    dimensions.reduce(
      (sum, [axis, labels]) => sum * (labels.length + 1) + labels.indexOf(one.axes[axis] ?? '') + 1,
      0,
    );
  return [...cases].sort((a, b) => rank(a) - rank(b));
}

const UNFINISHED: Answer = {
  status: 'unfinished',
  sentence: 'The run has not finished.',
  details: [],
  ties: [],
  pareto: [],
  config: {},
};

function scenarioRecord(scenario: Scenario, plannedCases: number): RunRecord['scenario'] {
  const [first] = scenario.settings;
  return {
    name: scenario.name,
    question: scenario.question,
    hash: scenario.hash,
    text: scenario.text,
    axes: Object.fromEntries(Object.entries(scenario.axes).map(([axis, all]) => [axis, [...all]])),
    loadLabels: first === undefined ? [] : loadLabels(first.load),
    plannedCases,
    skipped: scenario.skipped.map((axes) => ({ ...axes })),
    seed: scenario.measure.seed,
    model: first?.target.model ?? '',
  };
}

function decideRecord({ decide }: Scenario): RunRecord['decide'] {
  return {
    slo: [...decide.slo],
    price: { ...decide.price },
    gates: decide.gates.map(({ where, expect }) => ({ where: { ...where }, expect: [...expect] })),
    ...(decide.recommend === undefined ? {} : { recommend: { ...decide.recommend } }),
    ...(decide.report === undefined ? {} : { report: [...decide.report] }),
  };
}
