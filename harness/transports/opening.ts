import type { Address } from './byte-stream.ts';
import { addressOf } from './reachable-address.ts';

/** More would overflow the accept queue of a server with a short one; then SYNs are lost for a second. */
const CONNECTING_AT_ONCE = 64;
const CONNECT_TIMEOUT_MS = 5000;
const FIRST_BACKOFF_MS = 10;
const LAST_BACKOFF_MS = 250;

export interface OpeningOptions {
  readonly address: Address;
  /** At most this many connections. */
  readonly connections: number;
  /** Of a request; opening a connection may take as long, up to 5 s. */
  readonly timeoutMs: number;
  readonly now: () => number;
}

/**
 * The opening of a transport's connections: how many are on their way, how many are wanted before the load, and how
 * long to leave a server alone that does not accept. It decides; the transport opens.
 */
export class Opening {
  readonly #options: OpeningOptions;
  readonly connectTimeoutMs: number;
  #address: Address;
  #connecting = 0;
  #ahead = 0;
  #aheadDone: (() => void) | undefined;
  #backoffMs = 0;
  #notBeforeMs = 0;
  #opened = 0;
  #connectMs = 0;

  constructor(options: OpeningOptions) {
    this.#options = options;
    this.#address = options.address;
    this.connectTimeoutMs = Math.min(CONNECT_TIMEOUT_MS, options.timeoutMs);
  }

  /** With a host that has been looked up, once `ahead` has been called. */
  get address(): Address {
    return this.#address;
  }

  get connecting(): number {
    return this.#connecting;
  }

  get statistics(): { opened: number; connectMeanMs: number | undefined } {
    const connectMeanMs = this.#opened === 0 ? undefined : this.#connectMs / this.#opened;
    return { opened: this.#opened, connectMeanMs };
  }

  /** Connections wanted before the load that are not open yet. */
  get stillAhead(): number {
    return this.#ahead === 0 ? 0 : this.#ahead - this.#opened;
  }

  /** Wants so many before the load, by `openMore`; resolves when they are open, or cannot be. */
  async ahead(connections: number, openMore: () => void): Promise<void> {
    // Once, not for every connection. A name that does not resolve shows as connect errors.
    if ('host' in this.#address) {
      const { host, port } = this.#address;
      this.#address = { host: await addressOf(host, port), port };
    }
    this.#ahead = Math.min(connections, this.#options.connections);
    if (this.#ahead === 0) return;
    await new Promise<void>((resolve) => {
      this.#aheadDone = resolve;
      openMore();
    });
  }

  /** Whether one more may be opened now, beside the `existing` ones, where `wanted` should be on their way. */
  mayOpen(wanted: number, existing: number): boolean {
    return (
      this.#connecting < Math.min(wanted, CONNECTING_AT_ONCE) &&
      existing < this.#options.connections &&
      this.#options.now() >= this.#notBeforeMs
    );
  }

  begun(): void {
    this.#connecting += 1;
  }

  opened(tookMs: number): void {
    this.#connecting -= 1;
    this.#opened += 1;
    this.#connectMs += tookMs;
    if (this.#opened >= this.#ahead) this.endAhead();
  }

  failed(): void {
    this.#connecting -= 1;
  }

  /** Nobody waits any longer for connections before the load. */
  endAhead(): void {
    this.#ahead = 0;
    this.#aheadDone?.();
    this.#aheadDone = undefined;
  }

  /** A connection was of use: the next one may be opened at once. */
  welcome(): void {
    this.#backoffMs = 0;
  }

  /** The server did not accept: it is left alone for twice as long as the last time. */
  putOff(): void {
    this.#backoffMs = Math.min(LAST_BACKOFF_MS, Math.max(FIRST_BACKOFF_MS, this.#backoffMs * 2));
    this.#notBeforeMs = this.#options.now() + this.#backoffMs;
  }
}
