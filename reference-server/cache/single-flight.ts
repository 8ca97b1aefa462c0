import { setMaxListeners } from 'node:events';
import { ServingError } from '../errors.ts';

interface Flight<Value> {
  readonly key: string;
  readonly outcome: Promise<Value>;
  readonly abandon: AbortController;
  callers: number;
}

export interface Joined<Value> {
  /** False for the caller who set it off. */
  readonly joined: boolean;
  readonly outcome: Promise<Value>;
}

/**
 * Runs one execution for all who ask for the same while it is under way. Each of them gets its value, or its failure:
 * a run that fails fails everyone who waits for it, as it would everyone in one batch, and the next to ask starts anew.
 * A caller who goes away is refused at once, and takes nobody along, not even the one who set the execution off: that
 * is told to stop only when the last caller has gone, and nobody joins it from then on.
 */
export class SingleFlight<Value> {
  readonly #flights = new Map<string, Flight<Value>>();

  /** `start` is called where nothing is under way for the key; its signal says that nobody waits any more. */
  join(
    key: string,
    caller: AbortSignal | undefined,
    start: (signal: AbortSignal) => Promise<Value>,
  ): Joined<Value> {
    const underWay = this.#flights.get(key);
    const flight = underWay ?? this.#start(key, start);
    return { joined: underWay !== undefined, outcome: this.#wait(flight, caller) };
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<Value>): Flight<Value> {
    const abandon = new AbortController();
    const flight = { key, outcome: start(abandon.signal), abandon, callers: 0 };
    this.#flights.set(key, flight);
    const land = () => this.#forget(flight);
    flight.outcome.then(land, land);
    return flight;
  }

  #wait(flight: Flight<Value>, caller: AbortSignal | undefined): Promise<Value> {
    flight.callers++;
    if (caller === undefined) return flight.outcome;
    return new Promise((resolve, reject) => {
      const leave = () => {
        flight.callers--;
        if (flight.callers === 0) this.#abandon(flight);
        reject(new ServingError('cancelled', 'the caller closed the connection before it was answered'));
      };
      if (caller.aborted) return leave();
      // All requests of one stream have one signal: many listeners are no leak.
      setMaxListeners(0, caller);
      caller.addEventListener('abort', leave, { once: true });
      const stay = () => caller.removeEventListener('abort', leave);
      flight.outcome.then(stay, stay);
      flight.outcome.then(resolve, reject);
    });
  }

  #abandon(flight: Flight<Value>): void {
    this.#forget(flight);
    flight.abandon.abort();
  }

  /** What is under way for its key now may be another one. */
  #forget(flight: Flight<Value>): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
  }
}
