import { expect, test } from 'vitest';
import { runRecord } from '../../harness/record/run-record.ts';
import { plantAllOverloaded, plantNoneQualifies, plantTie, plantWinner } from './planted-records.ts';

test.each([
  ['a winner', plantWinner],
  ['a tie', plantTie],
  ['none qualifies', plantNoneQualifies],
  ['all overloaded', plantAllOverloaded],
])('%s is a valid record that conserves its requests and batches', (_, plant) => {
  const record = runRecord.parse(plant());
  for (const { id, counts, batch } of record.cases) {
    const { sent, ok, failed, timedOut, cancelled, inFlightAtEnd } = counts;
    expect(sent + counts.unsent, id).toBe(counts.scheduled);
    expect(ok + failed + timedOut + cancelled + inFlightAtEnd, id).toBe(sent);
    if ('missing' in batch) throw new Error(`${id} has no batch histogram`);
    const rows = Object.entries(batch.histogram).reduce(
      (sum, [size, count]) => sum + Number(size) * count,
      0,
    );
    expect(rows, id).toBe(batch.rowsExecuted);
  }
});
