import type { RawLog } from '../../measure/raw-log.ts';
import type { RawFacts } from '../../measure/raw-rows.ts';
import type { Recorder } from '../../measure/recorder.ts';
import type { AnswerReader } from '../../protocols/protocol.ts';
import type { Outcome, Sink, Transport, TransportOutcome } from '../../transports/transport.ts';
import type { RequestPlan } from '../requests/request-plan.ts';
import type { Staleness } from '../requests/staleness.ts';

/** The facts of the request that occupies a slot; rewritten for the next one. */
class Flight implements RawFacts {
  readonly slot: number;
  readonly reader: AnswerReader;
  active = false;
  index = 0;
  intendedAtMs = 0;
  dispatchedAtMs = Number.NaN;
  sentAtMs = Number.NaN;
  firstByteAtMs = Number.NaN;
  doneAtMs = Number.NaN;
  bytesOut = 0;
  bytesIn = 0;
  outcome: Outcome = 'ok';
  rows = 0;
  requestClass = 0;
  status = 0;
  items = 0;
  firstItemAtMs = Number.NaN;

  constructor(slot: number, reader: AnswerReader) {
    this.slot = slot;
    this.reader = reader;
  }

  begin(intendedAtMs: number, index: number): void {
    this.active = true;
    this.index = index;
    this.intendedAtMs = intendedAtMs;
    this.sentAtMs = Number.NaN;
    this.firstByteAtMs = Number.NaN;
    this.bytesIn = 0;
    this.status = 0;
    this.items = 0;
    this.firstItemAtMs = Number.NaN;
  }

  /** Which of head and data comes first depends on the transport. */
  firstByte(atMs: number): void {
    if (Number.isNaN(this.firstByteAtMs)) this.firstByteAtMs = atMs;
  }
}

const NEVER = {
  index: 0,
  intendedAtMs: 0,
  dispatchedAtMs: Number.NaN,
  sentAtMs: Number.NaN,
  firstByteAtMs: Number.NaN,
  doneAtMs: Number.NaN,
  bytesOut: 0,
  bytesIn: 0,
  rows: 0,
  requestClass: 0,
  outcome: 'cancelled' as const,
};

/** Characters of what a server said that a record keeps. */
const LONGEST_COMPLAINT = 200;

export interface FlightOptions {
  readonly newReader: () => AnswerReader;
  readonly maxInFlight: number;
  readonly now: () => number;
}

export interface Route {
  readonly transport: Transport;
  readonly plan: RequestPlan;
  readonly recorder: Recorder;
  /** Where every request is written down, if anywhere. */
  readonly rawLog?: RawLog | undefined;
  /** Where the ages of answers are counted, if anywhere. */
  readonly staleness?: Staleness | undefined;
  /** Called after each request's end. */
  onFree(doneAtMs: number): void;
}

/** Every request between its dispatch and its end: hands it to the transport, and what comes back to the recorder. */
export class RequestsInFlight implements Sink {
  readonly #options: FlightOptions;
  readonly #flights: Flight[] = [];
  readonly #free: number[] = [];
  /** For an arrival that gets no slot. */
  readonly #unsent = { ...NEVER };
  #route: Route | undefined;
  /** Outcome -> what the server said the first time. */
  readonly #complaints = new Map<Outcome, string>();
  #count = 0;
  #closed = false;

  constructor(options: FlightOptions) {
    this.#options = options;
  }

  /** Waiting for a connection included. */
  get count(): number {
    return this.#count;
  }

  /** What the server said about requests that it did not answer ok, once an outcome: `http-5xx: HTTP 503: full`. */
  get complaints(): readonly string[] {
    return [...this.#complaints].map(([outcome, words]) => `${outcome}: ${words}`);
  }

  /** Must be called before the first dispatch. */
  use(route: Route): void {
    this.#route = route;
  }

  /** Sends request `index` now; at the in-flight cap it is counted as unsent. */
  dispatch(intendedAtMs: number, index: number): void {
    const route = this.#route;
    if (route === undefined) return;
    const { plan } = route;
    const sample = plan.sampleOf(index);
    const request = plan.requests[sample];
    if (request === undefined) return;
    if (this.#count >= this.#options.maxInFlight) {
      const requestClass = plan.classes[sample] ?? 0;
      route.recorder.unsent(intendedAtMs, requestClass);
      if (route.rawLog !== undefined) {
        const never = { index, intendedAtMs, requestClass, rows: plan.rows[sample] ?? 0 };
        route.rawLog.add(Object.assign(this.#unsent, never), 'unsent');
      }
      return;
    }
    const flight = this.#takeFlight();
    flight.begin(intendedAtMs, index);
    flight.dispatchedAtMs = this.#options.now();
    flight.rows = plan.rows[sample] ?? 0;
    flight.requestClass = plan.classes[sample] ?? 0;
    flight.bytesOut = request.template.own.length + request.template.shared.length;
    flight.reader.begin(index);
    this.#count += 1;
    route.recorder.dispatched(flight);
    route.transport.send(request, flight.slot, index);
  }

  sent(slot: number, atMs: number): void {
    const flight = this.#flights[slot];
    if (flight === undefined) return;
    flight.sentAtMs = atMs;
    this.#route?.recorder.sent(flight);
  }

  head(slot: number, status: number, atMs: number): void {
    const flight = this.#flights[slot];
    if (flight === undefined) return;
    flight.status = status;
    flight.firstByte(atMs);
  }

  data(slot: number, buffer: Buffer, from: number, to: number, atMs: number): void {
    const flight = this.#flights[slot];
    if (flight === undefined) return;
    flight.firstByte(atMs);
    flight.bytesIn += to - from;
    flight.reader.data(buffer, from, to);
  }

  item(slot: number, atMs: number): void {
    const flight = this.#flights[slot];
    if (flight === undefined) return;
    if (flight.items === 0) flight.firstItemAtMs = atMs;
    flight.items += 1;
    flight.reader.item?.();
  }

  end(slot: number, outcome: TransportOutcome, atMs: number): void {
    const flight = this.#flights[slot];
    if (flight === undefined || this.#closed) return;
    const judged = outcome === 'complete' ? flight.reader.finish(flight.status) : outcome;
    if (judged !== 'ok' && outcome === 'complete') this.#hear(flight, judged);
    this.#finish(flight, judged, atMs);
    this.#route?.onFree(atMs);
  }

  /** The drain is over, or the user stopped it: whatever is still open is left in flight, or cancelled. */
  close(how: 'leave' | 'cancel'): void {
    this.#closed = true;
    const atMs = this.#options.now();
    for (const flight of this.#flights) {
      if (!flight.active) continue;
      if (how === 'cancel') this.#finish(flight, 'cancelled', atMs);
      else this.#leave(flight);
    }
  }

  #finish(flight: Flight, outcome: Outcome, atMs: number): void {
    flight.active = false;
    flight.outcome = outcome;
    flight.doneAtMs = atMs;
    this.#count -= 1;
    this.#free.push(flight.slot);
    this.#route?.recorder.finished(flight);
    if (outcome === 'ok') this.#route?.staleness?.answered(flight, flight.reader.ageUs?.() ?? -1);
    this.#route?.rawLog?.add(flight, outcome);
  }

  #hear({ reader }: Flight, outcome: Outcome): void {
    if (this.#complaints.has(outcome)) return;
    const complaint = reader.complaint?.();
    if (complaint !== undefined) this.#complaints.set(outcome, complaint.slice(0, LONGEST_COMPLAINT));
  }

  #leave(flight: Flight): void {
    this.#route?.recorder.leftInFlight(flight);
    this.#route?.rawLog?.add(flight, 'in-flight');
  }

  #takeFlight(): Flight {
    const slot = this.#free.pop() ?? this.#flights.length;
    const known = this.#flights[slot];
    if (known !== undefined) return known;
    const flight = new Flight(slot, this.#options.newReader());
    this.#flights.push(flight);
    return flight;
  }
}
