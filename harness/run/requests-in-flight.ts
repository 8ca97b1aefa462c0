import type { Recorder } from '../measure/recorder.ts';
import type { RequestFacts } from '../measure/request-facts.ts';
import type { AnswerReader } from '../protocols/protocol.ts';
import type { Outcome, Sink, Transport, TransportOutcome } from '../transports/transport.ts';
import type { RequestPlan } from './request-plan.ts';

/** The facts of the request that occupies a slot; rewritten for the next one. */
class Flight implements RequestFacts {
  readonly slot: number;
  readonly reader: AnswerReader;
  active = false;
  intendedAtMs = 0;
  dispatchedAtMs = 0;
  sentAtMs = 0;
  doneAtMs = 0;
  outcome: Outcome = 'ok';
  rows = 0;
  requestClass = 0;
  status = 0;

  constructor(slot: number, reader: AnswerReader) {
    this.slot = slot;
    this.reader = reader;
  }
}

export interface FlightOptions {
  readonly newReader: () => AnswerReader;
  readonly maxInFlight: number;
  readonly now: () => number;
}

export interface Route {
  readonly transport: Transport;
  readonly plan: RequestPlan;
  readonly recorder: Recorder;
  /** Called after each request's end. */
  onFree(doneAtMs: number): void;
}

/** Every request between its dispatch and its end: hands it to the transport, and what comes back to the recorder. */
export class RequestsInFlight implements Sink {
  readonly #options: FlightOptions;
  readonly #flights: Flight[] = [];
  readonly #free: number[] = [];
  #route: Route | undefined;
  #count = 0;
  #closed = false;

  constructor(options: FlightOptions) {
    this.#options = options;
  }

  /** Waiting for a connection included. */
  get count(): number {
    return this.#count;
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
      route.recorder.unsent(intendedAtMs, plan.classes[sample] ?? 0);
      return;
    }
    const flight = this.#takeFlight();
    flight.active = true;
    flight.intendedAtMs = intendedAtMs;
    flight.dispatchedAtMs = this.#options.now();
    flight.rows = plan.rows[sample] ?? 0;
    flight.requestClass = plan.classes[sample] ?? 0;
    flight.status = 0;
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

  head(slot: number, status: number): void {
    const flight = this.#flights[slot];
    if (flight !== undefined) flight.status = status;
  }

  data(slot: number, buffer: Buffer, from: number, to: number): void {
    this.#flights[slot]?.reader.data(buffer, from, to);
  }

  end(slot: number, outcome: TransportOutcome, atMs: number): void {
    const flight = this.#flights[slot];
    if (flight === undefined || this.#closed) return;
    this.#finish(flight, outcome === 'complete' ? flight.reader.finish(flight.status) : outcome, atMs);
    this.#route?.onFree(atMs);
  }

  /** The drain is over, or the user stopped it: whatever is still open is left in flight, or cancelled. */
  close(how: 'leave' | 'cancel'): void {
    this.#closed = true;
    const atMs = this.#options.now();
    for (const flight of this.#flights) {
      if (!flight.active) continue;
      if (how === 'cancel') this.#finish(flight, 'cancelled', atMs);
      else this.#route?.recorder.leftInFlight(flight);
    }
  }

  #finish(flight: Flight, outcome: Outcome, atMs: number): void {
    flight.active = false;
    flight.outcome = outcome;
    flight.doneAtMs = atMs;
    this.#count -= 1;
    this.#free.push(flight.slot);
    this.#route?.recorder.finished(flight);
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
