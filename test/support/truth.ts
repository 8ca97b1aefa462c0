import { performance } from 'node:perf_hooks';
import { calibratedClock } from '../../harness/load/clock.ts';
import type { FaultKind, GrpcFaultKind, TruthConfig, Witness } from './truth-config.ts';
import { Departures } from './truth-departures.ts';
import { CONNECTION_FAULTS } from './truth-grpc-faults.ts';
import { DepartureLaw } from './truth-law.ts';

/** What the truth server does whatever the protocol: counts arrivals, picks the faulty ones, fixes when answers leave. */
export class Truth {
  readonly witness: Witness = {
    arrivals: 0,
    faults: 0,
    connections: 0,
    arrivedAtMs: [],
    answeredAtMs: [],
    ids: [],
  };
  readonly #config: TruthConfig;
  readonly #shared = calibratedClock();
  readonly #law: DepartureLaw;
  readonly #departures: Departures;

  constructor(config: TruthConfig) {
    this.#config = config;
    this.#law = new DepartureLaw(config.law);
    this.#departures = new Departures(config.precise ?? false);
  }

  get breaksConnections(): boolean {
    return CONNECTION_FAULTS.includes(this.#config.fault?.kind ?? '');
  }

  saw(id: string): void {
    if (this.#config.keepIds === true) this.witness.ids.push(id);
  }

  /** `answer` is called at the instant that the law fixes, with the fault to commit, if any. */
  arrival(answer: (fault: FaultKind | GrpcFaultKind | undefined) => void): void {
    const { witness } = this;
    const { fault, dieAfter, keepArrivals, keepAnswers } = this.#config;
    const nowMs = performance.now();
    witness.arrivals += 1;
    if (keepArrivals === true) witness.arrivedAtMs.push(this.#shared());
    if (dieAfter !== undefined && witness.arrivals > dieAfter) process.exit(1);
    const faulty = fault !== undefined && witness.arrivals % fault.every === 0;
    if (faulty) witness.faults += 1;
    this.#departures.at(this.#law.departure(nowMs), () => {
      answer(faulty ? fault.kind : undefined);
      if (keepAnswers === true) witness.answeredAtMs.push(this.#shared());
    });
  }
}
