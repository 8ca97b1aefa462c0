import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RawLog, type RowSink } from '../../../harness/measure/raw-log.ts';
import { FATES, type Fate, FIELDS, ROW_BYTES, Row, RowBlock } from '../../../harness/measure/raw-rows.ts';

const facts = (index: number) => ({
  index,
  intendedAtMs: 1000 + index,
  dispatchedAtMs: 1000.25 + index,
  sentAtMs: 1000.5 + index,
  firstByteAtMs: Number.NaN,
  doneAtMs: 1004 + index,
  bytesOut: 120,
  bytesIn: 80,
  rows: 1,
  requestClass: 0,
  outcome: 'ok' as const,
});

/** A disk that finishes a write only when it is told to. */
class SlowDisk implements RowSink {
  readonly #written: number[] = [];
  readonly #busy: ((problem?: string) => void)[] = [];

  append(bytes: Uint8Array, done: (problem: string | undefined) => void): void {
    const indexes = rowsIn(bytes).map(({ index }) => index);
    this.#busy.push((problem) => {
      if (problem === undefined) this.#written.push(...indexes);
      done(problem);
    });
  }

  get written(): readonly number[] {
    return this.#written;
  }

  get atOnce(): number {
    return this.#busy.length;
  }

  finishOne(problem?: string): void {
    this.#busy.shift()?.(problem);
  }

  async finishAll(log: RawLog) {
    const end = log.close();
    while (this.atOnce > 0) this.finishOne();
    return end;
  }
}

function rowsIn(bytes: Uint8Array): Row[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / ROW_BYTES }, (_, at) => {
    const row = new Row();
    row.read(view, at * ROW_BYTES, FATES);
    return row;
  });
}

describe('a row', () => {
  it('comes back as it was written, whatever became of the request', () => {
    const time = fc.double({ noNaN: false, min: 0, max: 1e12 });
    const number = fc.nat();
    const request = fc.record({
      intendedAtMs: time,
      dispatchedAtMs: time,
      sentAtMs: time,
      firstByteAtMs: time,
      doneAtMs: time,
      index: number,
      bytesOut: number,
      bytesIn: number,
      rows: number,
      requestClass: fc.nat(65_535),
    });
    fc.assert(
      fc.property(request, fc.constantFrom<Fate>(...FATES), (given, fate) => {
        const block = new RowBlock(2);
        block.add(facts(0), 'ok', 0);
        block.add({ ...given, outcome: 'ok' }, fate, 1);
        const ended = fate !== 'in-flight' && fate !== 'unsent';
        expect(rowsIn(block.filled)[1]).toMatchObject({
          ...given,
          dispatchedAtMs: fate === 'unsent' ? Number.NaN : given.dispatchedAtMs,
          doneAtMs: ended ? given.doneAtMs : Number.NaN,
          fate,
          phase: 'measure',
        });
      }),
    );
  });

  it('is as long as its fields say that it is', () => {
    const lengths = FIELDS.map(([, kind]) => Number(kind.replace(/\D/g, '')));
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(ROW_BYTES);
  });
});

describe('a raw log', () => {
  const small = { measureAtMs: 1002, rowsPerBlock: 2, blocks: 3 };

  it('writes every request, in order, one block at a time', async () => {
    const disk = new SlowDisk();
    const log = new RawLog({ ...small, sink: disk });
    for (let index = 0; index < 5; index++) log.add(facts(index), 'ok');
    expect([disk.atOnce, disk.written]).toEqual([1, []]);
    expect(await disk.finishAll(log)).toEqual({ rows: 5, lost: 0 });
    expect(disk.written).toEqual([0, 1, 2, 3, 4]);
  });

  it('counts what a disk that is too slow makes it lose, and goes on when there is room', async () => {
    const disk = new SlowDisk();
    const log = new RawLog({ ...small, sink: disk });
    for (let index = 0; index < 9; index++) log.add(facts(index), 'ok');
    disk.finishOne();
    log.add(facts(9), 'ok');
    expect(await disk.finishAll(log)).toEqual({ rows: 7, lost: 3 });
    expect(disk.written).toEqual([0, 1, 2, 3, 4, 5, 9]);
  });

  it('keeps a beginning without holes when a write fails, and says why it ends', async () => {
    const disk = new SlowDisk();
    const log = new RawLog({ ...small, sink: disk });
    for (let index = 0; index < 5; index++) log.add(facts(index), 'ok');
    disk.finishOne();
    disk.finishOne('no space left on device');
    log.add(facts(5), 'ok');
    expect(await disk.finishAll(log)).toEqual({ rows: 2, lost: 4, problem: 'no space left on device' });
    expect(disk.written).toEqual([0, 1]);
  });
});
