import type { Line, WaitingRequest } from './batch-policy.ts';
import type { TimeoutAction } from './queue-policy.ts';

export interface QueuedRequest extends WaitingRequest {
  /** Requests of different shapes (the rows apart) cannot share a batch. */
  readonly shape: string;
  /** 1 is the highest priority. */
  readonly level: number;
  /** Infinity: it may wait for ever. */
  readonly expiresAtMs: number;
  readonly onExpiry: TimeoutAction;
}

/**
 * Who waits, and in which order they leave. It decides nothing and knows no clock.
 *
 *   shape a   level 1   fresh . . . .   deferred . .
 *             level 2   fresh . .       deferred .         <- within each, the order of arrival
 *   shape b   level 1   fresh .
 */
export class RequestQueue<Request extends QueuedRequest> {
  requests = 0;
  rows = 0;
  readonly #lines = new Map<string, ShapeLine<Request>>();
  readonly #rowsOfLevel = new Map<number, number>();
  /** No request expires before; some may have left meanwhile. */
  #nextExpiryMs = Number.POSITIVE_INFINITY;

  get nextExpiryMs(): number {
    return this.requests === 0 ? Number.POSITIVE_INFINITY : this.#nextExpiryMs;
  }

  rowsOf(level: number): number {
    return this.#rowsOfLevel.get(level) ?? 0;
  }

  add(request: Request): void {
    const line = this.#lines.get(request.shape);
    if (line !== undefined) line.add(request, false);
    else this.#lines.set(request.shape, new ShapeLine(request));
    this.#count(request, 1);
    if (request.expiresAtMs < this.#nextExpiryMs) this.#nextExpiryMs = request.expiresAtMs;
  }

  /** The lines of all shapes, each as far as a batch of `maxRows` may reach. */
  *lines(maxRows: number): Iterable<Line<Request>> {
    for (const line of this.#lines.values()) yield line.upTo(maxRows);
  }

  /** The first `count` of a shape leave. */
  take(shape: string, count: number): Request[] {
    const line = this.#lines.get(shape);
    if (line === undefined) return [];
    const taken = line.take(count);
    for (const request of taken) this.#count(request, -1);
    if (line.isEmpty()) this.#lines.delete(shape);
    return taken;
  }

  /** Whoever has waited too long: those to reject leave, the others go behind their level. */
  expire(nowMs: number): { readonly rejected: readonly Request[]; readonly deferred: readonly Request[] } {
    if (nowMs < this.nextExpiryMs) return NOBODY;
    this.#nextExpiryMs = Number.POSITIVE_INFINITY;
    const expired: Request[] = [];
    for (const line of this.#lines.values()) {
      expired.push(...line.remove((request) => request.expiresAtMs <= nowMs, 'fresh'));
      this.#nextExpiryMs = Math.min(this.#nextExpiryMs, line.nextExpiryMs());
    }
    const deferred = expired.filter((request) => request.onExpiry === 'defer');
    for (const request of deferred) this.#lines.get(request.shape)?.add(request, true);
    const rejected = expired.filter((request) => request.onExpiry === 'reject');
    this.#left(rejected);
    return { rejected, deferred };
  }

  /** Those for whom it holds leave, wherever they stand. */
  remove(holds: (request: Request) => boolean): readonly Request[] {
    const removed = [...this.#lines.values()].flatMap((line) => line.remove(holds));
    this.#left(removed);
    return removed;
  }

  #left(requests: readonly Request[]): void {
    for (const request of requests) {
      this.#count(request, -1);
      if (this.#lines.get(request.shape)?.isEmpty()) this.#lines.delete(request.shape);
    }
  }

  #count({ level, rows }: Request, sign: 1 | -1): void {
    this.requests += sign;
    this.rows += sign * rows;
    this.#rowsOfLevel.set(level, this.rowsOf(level) + sign * rows);
  }
}

const NOBODY = { rejected: [], deferred: [] };

interface Segment<Request> {
  readonly level: number;
  readonly deferred: boolean;
  waiting: Request[];
}

/** One shape's requests in segments, sorted by level, the deferred ones of a level behind its fresh ones. */
class ShapeLine<Request extends QueuedRequest> {
  readonly #shape: string;
  readonly #segments: Segment<Request>[] = [];

  constructor(first: Request) {
    this.#shape = first.shape;
    this.add(first, false);
  }

  isEmpty(): boolean {
    return this.#segments.every(({ waiting }) => waiting.length === 0);
  }

  add(request: Request, deferred: boolean): void {
    const { waiting } = this.#segment(request.level, deferred);
    // Only deferred ones can come out of the order of their arrival: their timeouts may differ.
    let at = waiting.length;
    while (at > 0 && (waiting[at - 1]?.enqueuedAtMs ?? 0) > request.enqueuedAtMs) at--;
    if (at === waiting.length) waiting.push(request);
    else waiting.splice(at, 0, request);
  }

  upTo(maxRows: number): Line<Request> {
    const filled = this.#segments.filter(({ waiting }) => waiting.length > 0);
    const oldestAtMs = Math.min(...filled.map(({ waiting }) => waiting[0]?.enqueuedAtMs ?? 0));
    return {
      shape: this.#shape,
      front: this.#front(filled, maxRows),
      oldestAtMs,
      priority: filled[0]?.level ?? 0,
    };
  }

  take(count: number): Request[] {
    const taken: Request[] = [];
    for (const { waiting } of this.#segments) taken.push(...waiting.splice(0, count - taken.length));
    return taken;
  }

  remove(holds: (request: Request) => boolean, which?: 'fresh'): Request[] {
    const removed: Request[] = [];
    for (const segment of this.#segments) {
      if ((which === 'fresh' && segment.deferred) || !segment.waiting.some(holds)) continue;
      removed.push(...segment.waiting.filter(holds));
      segment.waiting = segment.waiting.filter((request) => !holds(request));
    }
    return removed;
  }

  /** Of those that have not been deferred yet. */
  nextExpiryMs(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { deferred, waiting } of this.#segments) {
      if (deferred) continue;
      for (const { expiresAtMs } of waiting) if (expiresAtMs < first) first = expiresAtMs;
    }
    return first;
  }

  /** Without a copy where there is but one segment, which is nearly always. */
  #front(filled: readonly Segment<Request>[], maxRows: number): readonly Request[] {
    if (filled.length === 1 && filled[0] !== undefined) return filled[0].waiting;
    const front: Request[] = [];
    let rows = 0;
    for (const request of filled.flatMap(({ waiting }) => waiting)) {
      front.push(request);
      rows += request.rows;
      if (rows > maxRows) break;
    }
    return front;
  }

  #segment(level: number, deferred: boolean): Segment<Request> {
    const found = this.#segments.find((segment) => segment.level === level && segment.deferred === deferred);
    if (found !== undefined) return found;
    const made = { level, deferred, waiting: [] };
    this.#segments.push(made);
    this.#segments.sort((a, b) => a.level - b.level || Number(a.deferred) - Number(b.deferred));
    return made;
  }
}
