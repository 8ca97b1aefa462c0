export interface StoreLimits {
  /** Of all values together. */
  readonly maxBytes: number;
  /** Age from which a value is not given any more; 0: none. */
  readonly ttlMs: number;
}

/** Why a value left: its room was needed, or it grew too old. */
export type LeavingCause = 'evicted' | 'expired';

interface Entry<Value> {
  readonly value: Value;
  readonly bytes: number;
  readonly storedAtMs: number;
}

/**
 * Values within a number of bytes; the one not asked for the longest goes first. The instant is the caller's to say. A
 * value that is too old leaves when it is asked for, or when its room is needed.
 */
export class LruStore<Value> {
  readonly #limits: StoreLimits;
  readonly #onLeaving: (cause: LeavingCause) => void;
  /** A Map keeps the order of insertion: the first is the one to go. */
  readonly #entries = new Map<string, Entry<Value>>();
  #bytes = 0;

  constructor(limits: StoreLimits, onLeaving: (cause: LeavingCause) => void) {
    this.#limits = limits;
    this.#onLeaving = onLeaving;
  }

  get entries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string, nowMs: number): Value | undefined {
    const entry = this.#take(key);
    if (entry === undefined) return undefined;
    const { ttlMs } = this.#limits;
    if (ttlMs > 0 && nowMs - entry.storedAtMs >= ttlMs) {
      this.#onLeaving('expired');
      return undefined;
    }
    this.#put(key, entry);
    return entry.value;
  }

  /** Replaces the key's value, which is then as new as any; one larger than the whole room is not kept. */
  set(key: string, value: Value, bytes: number, nowMs: number): void {
    this.#take(key);
    const { maxBytes } = this.#limits;
    if (bytes > maxBytes) return;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes + bytes <= maxBytes) break;
      this.#take(oldest);
      this.#onLeaving('evicted');
    }
    this.#put(key, { value, bytes, storedAtMs: nowMs });
  }

  /** Everything goes; that is no eviction. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #put(key: string, entry: Entry<Value>): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #take(key: string): Entry<Value> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    return entry;
  }
}
