import { type Fate, type RawFacts, RowBlock } from './raw-rows.ts';

/** Where blocks go: one write at a time, each appended whole or failed. Must not keep the bytes after `done`. */
export interface RowSink {
  append(bytes: Uint8Array, done: (problem: string | undefined) => void): void;
}

export interface RawLogOptions {
  readonly sink: RowSink;
  /** Requests due before it belong to the warm-up. */
  readonly measureAtMs: number;
  /** 64 bytes each. */
  readonly rowsPerBlock?: number;
  readonly blocks?: number;
}

/** What came of a log: `rows` are on disk, `lost` are not, and why if it was not only slow. */
export interface RawLogEnd {
  readonly rows: number;
  readonly lost: number;
  readonly problem?: string;
}

const ROWS_PER_BLOCK = 4096;
const BLOCKS = 32;

/**
 * Writes down every request in constant memory, and never makes one wait: rows fill one block while others are being
 * written; a disk that is more than all blocks behind loses rows, which are counted. After a failed write nothing more
 * is written, so that what is there is a beginning without holes.
 *
 *     free  ->  filling  ->  waiting ... waiting  ->  one being written  ->  free
 */
export class RawLog {
  readonly #options: RawLogOptions;
  readonly #free: RowBlock[];
  readonly #waiting: RowBlock[] = [];
  #filling: RowBlock | undefined;
  #writing = false;
  #rows = 0;
  #lost = 0;
  #problem: string | undefined;
  #idle: (() => void) | undefined;

  constructor(options: RawLogOptions) {
    this.#options = options;
    const { rowsPerBlock = ROWS_PER_BLOCK, blocks = BLOCKS } = options;
    this.#free = Array.from({ length: blocks }, () => new RowBlock(rowsPerBlock));
    this.#filling = this.#free.pop();
  }

  add(facts: RawFacts, fate: Fate): void {
    this.#filling ??= this.#free.pop();
    const block = this.#filling;
    if (block === undefined || this.#problem !== undefined) {
      this.#lost += 1;
      return;
    }
    block.add(facts, fate, facts.intendedAtMs < this.#options.measureAtMs ? 0 : 1);
    if (block.isFull) this.#handOver();
  }

  /** Resolves when everything is written, or has failed to be. */
  async close(): Promise<RawLogEnd> {
    this.#handOver();
    if (this.#writing) await new Promise<void>((resolve) => (this.#idle = resolve));
    const end = { rows: this.#rows, lost: this.#lost };
    return this.#problem === undefined ? end : { ...end, problem: this.#problem };
  }

  #handOver(): void {
    if (this.#filling !== undefined && this.#filling.rows > 0) this.#waiting.push(this.#filling);
    this.#filling = undefined;
    if (!this.#writing) this.#writeNext();
  }

  #writeNext(): void {
    const block = this.#waiting.shift();
    this.#writing = block !== undefined;
    if (block === undefined) this.#idle?.();
    else if (this.#problem !== undefined) this.#written(block, this.#problem);
    else this.#options.sink.append(block.filled, (problem) => this.#written(block, problem));
  }

  #written(block: RowBlock, problem: string | undefined): void {
    if (problem === undefined) this.#rows += block.rows;
    else this.#lost += block.rows;
    this.#problem = problem;
    block.empty();
    this.#free.push(block);
    this.#writeNext();
  }
}
