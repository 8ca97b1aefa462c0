import { expect, test } from 'vitest';
import { measureMachine } from '../../../harness/doctor/measure.ts';
import { verdict } from '../../../harness/doctor/verdict.ts';
import { doctorRecord } from '../../../harness/record/doctor-record.ts';

test('steps that fail are named with their reason, and leave no figure', async () => {
  const told: string[] = [];
  const measured = await measureMachine({ signal: AbortSignal.abort(), onStep: (what) => told.push(what) });
  expect(told).toEqual(['starting a server that does nothing']);
  expect(measured.failed.length).toBeGreaterThan(8);
  expect(new Set(measured.failed.map(({ reason }) => reason))).toEqual(new Set(['interrupted']));
  expect(measured.ceiling.http.perCorePerS).toEqual({ missing: 'interrupted' });
  expect(measured.floor.grpc.p50Ms).toEqual({ missing: 'interrupted' });
  expect(measured.sendLag.map(({ p99Ms }) => p99Ms)).toEqual(Array(3).fill({ missing: 'interrupted' }));
  expect(measured.witness).toEqual({ sent: 0, seen: 0 });
  // What failed can be kept and told all the same.
  const head = { formatVersion: 1, id: 'a', at: '', host: 'here', version: '0', findings: [] };
  expect(doctorRecord.parse({ ...head, measured }).measured).toEqual(measured);
  expect(verdict(measured).filter((line) => line.startsWith('Not measured:'))).toHaveLength(
    measured.failed.length,
  );
});
