import { createRequire } from 'node:module';
import type { Recorder } from '../../measure/recorder.ts';
import type { RequestFacts } from '../../measure/request-facts.ts';
import type { Outcome } from '../../transports/transport.ts';

/** One of autocannon's connections, as far as we look into it. It comes without types. */
export interface AutocannonClient {
  on(event: 'request' | 'headers' | 'done', listener: () => void): void;
  on(event: 'response', listener: (status: number, bytes: number, tookMs: number) => void): void;
  on(event: 'connError', listener: (error: NodeJS.ErrnoException) => void): void;
  /** It ends itself instead of making another request when it has made so many. */
  responseMax: number;
  readonly reqsMade: number;
  readonly pipelinedRequests: { clear(): void };
  readonly parser: { initialize(type: 'RESPONSE'): void };
  destroy(): void;
}

export interface AutocannonRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  setupRequest?(): AutocannonRequest;
}

interface AutocannonOptions {
  readonly url: string;
  readonly connections: number;
  readonly pipelining: 1;
  /** Seconds. */
  readonly timeout: number;
  /** Seconds. */
  readonly duration: number;
  /** Milliseconds between looks at whether to stop. */
  readonly sampleInt: number;
  readonly requests: readonly AutocannonRequest[];
  setupClient(client: AutocannonClient): void;
}

/** How early its timer may fire. */
const TIMER_MS = 2;

/** Its main function; the promise ends with the run. */
export const autocannon = createRequire(import.meta.url)('autocannon') as (
  options: AutocannonOptions,
) => PromiseLike<unknown> & { stop(): void };

export interface ClientOptions {
  readonly recorder: Recorder;
  readonly rows: number;
  judge(status: number): Outcome;
  readonly timeoutMs: number;
  readonly endAtMs: number;
  readonly now: () => number;
}

/**
 * What one connection of autocannon is doing: one request at a time, sent when the one before has ended. Its service
 * times are its own; what it loses in silence is counted here, so that no request is missing at the end.
 */
export class WatchedClient implements RequestFacts {
  readonly #client: AutocannonClient;
  readonly #recorder: Recorder;
  readonly #timeoutMs: number;
  readonly #endAtMs: number;
  readonly #now: () => number;
  #active = false;
  #answering = false;
  readonly requestClass = 0;
  readonly rows: number;
  sentAtMs = 0;
  doneAtMs = 0;
  outcome: Outcome = 'ok';

  /** Nothing is sent from `endAtMs` on. */
  constructor(client: AutocannonClient, { recorder, rows, judge, timeoutMs, endAtMs, now }: ClientOptions) {
    this.rows = rows;
    this.#client = client;
    this.#recorder = recorder;
    this.#timeoutMs = timeoutMs;
    this.#endAtMs = endAtMs;
    this.#now = now;
    client.on('request', () => this.#sends());
    client.on('done', () => this.#lostInSilence(now()));
    client.on('headers', () => {
      this.#answering = true;
    });
    client.on('response', (status, _bytes, tookMs) => this.#end(judge(status), this.sentAtMs + tookMs));
    client.on('connError', ({ code }) => {
      const refused = code === 'ECONNREFUSED' || code === 'ETIMEDOUT' || code === 'EADDRNOTAVAIL';
      this.#lose(refused ? 'connect-error' : this.#broken());
    });
  }

  /** It knows no plan: a request is due when it is sent. */
  get intendedAtMs(): number {
    return this.sentAtMs;
  }

  get dispatchedAtMs(): number {
    return this.sentAtMs;
  }

  /** Lets the request in flight finish, and makes no other. */
  finish(): void {
    this.#client.responseMax = Math.max(1, this.#client.reqsMade);
  }

  get active(): boolean {
    return this.#active;
  }

  /** Drops the connection; what it carried is left in flight, or cancelled. */
  close(how: 'leave' | 'cancel'): void {
    if (this.#active && how === 'cancel') this.#end('cancelled', this.#now());
    else if (this.#active) this.#recorder.leftInFlight(this);
    this.#active = false;
    this.#client.destroy();
  }

  #sends(): void {
    const nowMs = this.#now();
    this.#lostInSilence(nowMs);
    this.#active = true;
    this.#answering = false;
    this.sentAtMs = nowMs;
    this.#recorder.dispatched(this);
    this.#recorder.sent(this);
  }

  /** It connects again, or stops, without a word when the server closes and after its timeout. */
  #lostInSilence(nowMs: number): void {
    if (!this.#active) return;
    const isLate = nowMs - this.sentAtMs >= this.#timeoutMs - TIMER_MS;
    this.#lose(isLate ? 'timeout' : this.#broken());
  }

  /** It would time the next answer from the start of the lost one, and read it as the rest of that. */
  #lose(outcome: Outcome): void {
    this.#client.pipelinedRequests.clear();
    this.#client.parser.initialize('RESPONSE');
    this.#end(outcome, this.#now());
  }

  #broken(): Outcome {
    return this.#answering ? 'truncated' : 'reset';
  }

  #end(outcome: Outcome, atMs: number): void {
    if (!this.#active) return;
    this.#active = false;
    this.outcome = outcome;
    this.doneAtMs = atMs;
    this.#recorder.finished(this);
    // Heard before it makes its next request.
    if (atMs >= this.#endAtMs) this.finish();
  }
}
