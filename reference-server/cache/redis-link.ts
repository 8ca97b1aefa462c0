import { Redis } from 'ioredis';
import type { Clock } from '../telemetry/timings.ts';
import type { StoreFailure } from './answer-store.ts';
import { shownUrl } from './cache-settings.ts';
import { Circuit } from './circuit.ts';

/** What may be under way at once: a Redis that hangs must not fill this process's memory. */
const MOST_PENDING = 1024;
const MOST_PENDING_BYTES = 64 * 1024 * 1024;
const CIRCUIT = { failures: 3, restMs: 1000 };
const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;
/** From the connection to the first answer over it. */
const HANDSHAKE_MS = 2000;

export interface RedisLinkDeps {
  readonly clock: Clock;
  log(event: string, detail: Readonly<Record<string, unknown>>): void;
}

export interface RedisPlace {
  /** `rediss:` speaks TLS. */
  readonly url: string;
  readonly password?: string | undefined;
  /** PEM: the authority of its certificate; undefined: the common ones. */
  readonly ca?: Buffer | undefined;
}

export type Asked<Value> = { readonly value: Value } | { readonly failure: StoreFailure };

/**
 * One connection to one Redis, which all models share. Nothing that it is asked rejects or waits longer than told:
 * while there is no connection the answer is `down` at once, and after three questions in a row that were not answered
 * in time it is left alone, but for one try a second, and connected anew. It goes on trying for as long as it lives.
 */
export class RedisLink {
  readonly #client: Redis;
  readonly #deps: RedisLinkDeps;
  readonly #shownUrl: string;
  readonly #circuit = new Circuit(CIRCUIT);
  #pending = 0;
  #pendingBytes = 0;
  #isRenewing = false;
  #told = '';

  constructor({ url, password, ca }: RedisPlace, deps: RedisLinkDeps) {
    this.#deps = deps;
    this.#shownUrl = shownUrl(url);
    this.#client = new Redis(url, {
      ...(password === undefined ? {} : { password }),
      ...(ca === undefined ? {} : { tls: { ca } }),
      // What cannot be asked now is not asked later: the caller has gone on by then.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: LONGEST_RETRY_MS,
      disableClientInfo: true,
      retryStrategy: (times) => Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(times - 1, 10)),
    });
    this.#watch();
  }

  get reachable(): boolean {
    return this.#client.status === 'ready' && !this.#circuit.isOpen;
  }

  get(key: string, waitMs: number): Promise<Asked<Buffer | null>> {
    return this.#ask(() => this.#client.getBuffer(key), 0, waitMs);
  }

  /** `ttlMs` 0: as long as the Redis has room. */
  set(key: string, value: Buffer, ttlMs: number, waitMs: number): Promise<Asked<unknown>> {
    const send = (): Promise<unknown> =>
      ttlMs === 0
        ? this.#client.set(key, value)
        : this.#client.set(key, value, 'PX', Math.max(1, Math.round(ttlMs)));
    return this.#ask(send, value.byteLength, waitMs);
  }

  /** One step through the keys that match: where the next one begins ("0": that was all), and those found. */
  scan(cursor: string, pattern: string, waitMs: number): Promise<Asked<[string, string[]]>> {
    return this.#ask(() => this.#client.scan(cursor, 'MATCH', pattern, 'COUNT', 1000), 0, waitMs);
  }

  remove(keys: readonly string[], waitMs: number): Promise<Asked<unknown>> {
    return this.#ask(() => this.#client.unlink(...keys), 0, waitMs);
  }

  close(): void {
    this.#client.disconnect();
  }

  async #ask<Value>(send: () => Promise<Value>, bytes: number, waitMs: number): Promise<Asked<Value>> {
    const { clock } = this.#deps;
    if (this.#client.status !== 'ready' || !this.#circuit.lets(clock.nowMs())) return { failure: 'down' };
    if (this.#pending >= MOST_PENDING || this.#pendingBytes + bytes > MOST_PENDING_BYTES) {
      return { failure: 'slow' };
    }
    this.#pending++;
    this.#pendingBytes += bytes;
    const answered = send().finally(() => {
      this.#pending--;
      this.#pendingBytes -= bytes;
    });
    return this.#inTime(answered, waitMs);
  }

  /** The first of its answer, its failure, and the end of the wait; what comes later is nobody's any more. */
  #inTime<Value>(answered: Promise<Value>, waitMs: number): Promise<Asked<Value>> {
    const { clock } = this.#deps;
    return new Promise((resolve) => {
      let isOver = false;
      const settle = (asked: Asked<Value>): void => {
        if (isOver) return;
        isOver = true;
        stopWaiting();
        this.#judge(asked);
        resolve(asked);
      };
      // An answer that has come while this thread was busy with other things is in time.
      const stopWaiting = clock.after(waitMs, () => clock.soon(() => settle({ failure: 'slow' })));
      answered.then(
        (value) => settle({ value }),
        (error: Error) => settle({ failure: error.name === 'ReplyError' ? 'refused' : 'down' }),
      );
    });
  }

  /** A Redis that says no is there. One that does not answer may be behind a connection that is dead. */
  #judge(asked: Asked<unknown>): void {
    if (!('failure' in asked) || asked.failure === 'refused') {
      this.#circuit.succeeded();
      return;
    }
    this.#circuit.failed(this.#deps.clock.nowMs());
    if (asked.failure === 'slow' && this.#circuit.isOpen) this.#renew();
  }

  #watch(): void {
    let stopWaiting = (): void => {};
    this.#client
      .on('connect', () => {
        stopWaiting = this.#deps.clock.after(HANDSHAKE_MS, () => this.#renew());
      })
      .on('ready', () => {
        stopWaiting();
        this.#tell('the Redis of the response cache answers', {});
      })
      .on('close', () => {
        stopWaiting();
        this.#isRenewing = false;
      })
      .on('error', (error: Error) => this.#tell(UNUSABLE, { reason: error.message }));
  }

  #renew(): void {
    // Where there is no connection any more, another is on its way already.
    if (this.#isRenewing || !['connect', 'ready'].includes(this.#client.status)) return;
    this.#isRenewing = true;
    this.#tell(UNUSABLE, { reason: 'it does not answer' });
    this.#client.disconnect(true);
  }

  /** Once for each change. */
  #tell(event: string, detail: object): void {
    if (event !== this.#told) this.#deps.log(event, { redis: this.#shownUrl, ...detail });
    this.#told = event;
  }
}

const UNUSABLE = 'the Redis of the response cache cannot be used: every request is a miss';
