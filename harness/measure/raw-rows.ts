import { OUTCOMES, type Outcome } from '../transports/transport.ts';
import type { RequestFacts } from './request-facts.ts';

/**
 * One row of the raw log: 64 bytes, little-endian, one for every request that was scheduled, in the order in which
 * they ended (an unsent one when it was due).
 *
 *      0  intendedAtMs    f8   |  milliseconds of the generator's clock; not a number where it never happened
 *      8  dispatchedAtMs  f8   |
 *     16  sentAtMs        f8   |
 *     24  firstByteAtMs   f8   |
 *     32  doneAtMs        f8   |
 *     40  seq             u4      number of the request in the global schedule (closed loop: of its payload)
 *     44  bytesOut        u4      of the body
 *     48  bytesIn         u4      of the body, as far as it was read
 *     52  rows            u4
 *     56  fate            u1      index into the fates that the head names
 *     57  phase           u1      index into PHASES, by intendedAtMs
 *     58  class           u2      index into the classes that the head names
 *     60  (four bytes of zero)
 */
export const ROW_BYTES = 64;

/** In numpy's notation: `np.fromfile(file, dtype=[tuple(field) for field in head['fields']])`. */
export const FIELDS = [
  ['intendedAtMs', '<f8'],
  ['dispatchedAtMs', '<f8'],
  ['sentAtMs', '<f8'],
  ['firstByteAtMs', '<f8'],
  ['doneAtMs', '<f8'],
  ['seq', '<u4'],
  ['bytesOut', '<u4'],
  ['bytesIn', '<u4'],
  ['rows', '<u4'],
  ['fate', 'u1'],
  ['phase', 'u1'],
  ['class', '<u2'],
  ['unused', 'V4'],
] as const;

/** How a request ended, or did not. */
export const FATES = [...OUTCOMES, 'in-flight', 'unsent'] as const;
export type Fate = (typeof FATES)[number];
const FATE_NUMBER = Object.fromEntries(FATES.map((fate, number) => [fate, number])) as Record<Fate, number>;

export const PHASES = ['warmup', 'measure'] as const;

/** What the raw log keeps of a request. NaN: it never came to that. */
export interface RawFacts extends RequestFacts {
  /** In the global schedule. */
  readonly index: number;
  readonly firstByteAtMs: number;
  readonly bytesOut: number;
  readonly bytesIn: number;
}

/** A stretch of rows in one buffer, written from the front. Allocates nothing per row. */
export class RowBlock {
  readonly bytes: Uint8Array;
  readonly #times: Float64Array;
  readonly #numbers: Uint32Array;
  readonly #classes: Uint16Array;
  #rows = 0;

  constructor(rows: number) {
    this.bytes = new Uint8Array(rows * ROW_BYTES);
    this.#times = new Float64Array(this.bytes.buffer);
    this.#numbers = new Uint32Array(this.bytes.buffer);
    this.#classes = new Uint16Array(this.bytes.buffer);
  }

  get rows(): number {
    return this.#rows;
  }

  get isFull(): boolean {
    return this.#rows * ROW_BYTES === this.bytes.length;
  }

  /** The rows so far, as bytes. */
  get filled(): Uint8Array {
    return this.bytes.subarray(0, this.#rows * ROW_BYTES);
  }

  empty(): void {
    this.#rows = 0;
  }

  add(facts: RawFacts, fate: Fate, phase: number): void {
    const at = this.#rows * ROW_BYTES;
    const [times, numbers, time, number] = [this.#times, this.#numbers, at >> 3, at >> 2];
    const ended = fate !== 'in-flight' && fate !== 'unsent';
    times[time] = facts.intendedAtMs;
    times[time + 1] = fate === 'unsent' ? Number.NaN : facts.dispatchedAtMs;
    times[time + 2] = facts.sentAtMs;
    times[time + 3] = facts.firstByteAtMs;
    times[time + 4] = ended ? facts.doneAtMs : Number.NaN;
    numbers[number + 10] = facts.index;
    numbers[number + 11] = facts.bytesOut;
    numbers[number + 12] = facts.bytesIn;
    numbers[number + 13] = facts.rows;
    this.bytes[at + 56] = FATE_NUMBER[fate];
    this.bytes[at + 57] = phase;
    this.#classes[(at >> 1) + 29] = facts.requestClass;
    this.#rows += 1;
  }
}

/** A row read back; one object serves all rows. */
export class Row implements RawFacts {
  intendedAtMs = 0;
  dispatchedAtMs = 0;
  sentAtMs = 0;
  firstByteAtMs = 0;
  doneAtMs = 0;
  index = 0;
  bytesOut = 0;
  bytesIn = 0;
  rows = 0;
  fate: Fate = 'ok';
  phase: (typeof PHASES)[number] = 'warmup';
  requestClass = 0;

  /** Meaningless for one that is unsent or in flight. */
  get outcome(): Outcome {
    return this.fate === 'in-flight' || this.fate === 'unsent' ? 'cancelled' : this.fate;
  }

  /** `fates`: of the log, which may be of another version. */
  read(view: DataView, at: number, fates: readonly Fate[]): void {
    this.intendedAtMs = view.getFloat64(at, true);
    this.dispatchedAtMs = view.getFloat64(at + 8, true);
    this.sentAtMs = view.getFloat64(at + 16, true);
    this.firstByteAtMs = view.getFloat64(at + 24, true);
    this.doneAtMs = view.getFloat64(at + 32, true);
    this.index = view.getUint32(at + 40, true);
    this.bytesOut = view.getUint32(at + 44, true);
    this.bytesIn = view.getUint32(at + 48, true);
    this.rows = view.getUint32(at + 52, true);
    this.fate = fates[view.getUint8(at + 56)] ?? 'malformed';
    this.phase = PHASES[view.getUint8(at + 57)] ?? 'measure';
    this.requestClass = view.getUint16(at + 58, true);
  }
}
