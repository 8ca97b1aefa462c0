import type { LimitsSpec } from '../../scenario/scenario.ts';

export interface AbortSample {
  readonly ok: number;
  readonly notOk: number;
  readonly responseP99Ms: number | undefined;
}

/** Finds the rule that has been broken in every sample for as long as it allows. No clock of its own. */
export class AbortWatch {
  readonly #rules: LimitsSpec['abort'];
  readonly #brokenSinceMs: (number | undefined)[];

  constructor(rules: LimitsSpec['abort']) {
    this.#rules = rules;
    this.#brokenSinceMs = rules.map(() => undefined);
  }

  /** `sample` covers the time since the last one. The broken rule as written, or undefined. */
  observe(fromMs: number, toMs: number, sample: AbortSample): string | undefined {
    for (const [at, rule] of this.#rules.entries()) {
      const broken = isBroken(rule, sample);
      // Nothing finished: the sample says neither yes nor no.
      if (broken === undefined) continue;
      const since = broken ? (this.#brokenSinceMs[at] ?? fromMs) : undefined;
      this.#brokenSinceMs[at] = since;
      if (since !== undefined && toMs - since >= rule.forMs) return rule.expression;
    }
    return undefined;
  }
}

function isBroken(rule: LimitsSpec['abort'][number], sample: AbortSample): boolean | undefined {
  if (rule.metric === 'p99') {
    return sample.responseP99Ms === undefined ? undefined : sample.responseP99Ms > rule.above;
  }
  const finished = sample.ok + sample.notOk;
  return finished === 0 ? undefined : sample.notOk / finished > rule.above;
}
