import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UsageError } from '../../../harness/errors.ts';
import {
  type DoctorRecord,
  doctorSummaryIn,
  doctorSummaryOf,
} from '../../../harness/record/doctor-record.ts';
import { newestDoctorRecord, writeDoctorRecord } from '../../../harness/record/doctor-store.ts';

const NONE = { missing: 'not measured' };
const CEILING = { requestsPerS: 50_000, cpuUsPerRequest: 10, perCorePerS: 100_000 };

function record(id: string, host: string, measured = true): DoctorRecord {
  const at = '2026-11-21T00:00:00Z';
  const head: DoctorRecord = { formatVersion: 1, id, at, host, version: '0', findings: [] };
  if (!measured) return head;
  return {
    ...head,
    measured: {
      ceiling: { http: CEILING, grpc: { requestsPerS: NONE, cpuUsPerRequest: NONE, perCorePerS: NONE } },
      floor: { http: { p50Ms: 0.05, p99Ms: 0.2 }, grpc: { p50Ms: NONE, p99Ms: NONE } },
      sendLag: [{ offeredPerS: 1000, p50Ms: 0.1, p90Ms: 0.1, p99Ms: 0.3, p999Ms: NONE }],
      crossCheck: [],
      witness: { sent: 1, seen: 1 },
      cpuPressurePct: 3,
      failed: [],
      tookS: 1,
    },
  };
}

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferometer-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('the newest measured record of this host', () => {
  expect(newestDoctorRecord(folder, 'here')).toBeUndefined();
  for (const one of [
    record('2026-11-20T100000', 'here'),
    record('2026-11-21T100000', 'here'),
    record('2026-11-22T100000', 'elsewhere'),
    record('2026-11-23T100000', 'here', false),
  ]) {
    writeDoctorRecord(one, folder);
  }
  writeFileSync(join(folder, 'doctor', '2026-11-24T100000.json'), '{"half":');
  writeFileSync(join(folder, 'doctor', '2026-11-25T100000.json'), '{"formatVersion":99}');
  expect(newestDoctorRecord(folder, 'here')?.id).toBe('2026-11-21T100000');
  expect(readdirSync(join(folder, 'doctor')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

test('what a run carries of it can be read back', () => {
  const doctor = doctorSummaryOf(record('a', 'here'));
  expect(doctor).toMatchObject({ httpPerCorePerS: 100_000, sendLagP99Ms: { '1000/s': 0.3 } });
  expect(doctorSummaryIn(JSON.parse(JSON.stringify({ doctor })))).toEqual(doctor);
  expect(doctorSummaryIn({})).toBeUndefined();
  expect(doctorSummaryIn({ doctor: 'later' })).toBeUndefined();
  expect(doctorSummaryOf(record('a', 'here', false))).toBeUndefined();
});

test('a folder that cannot be made is a mistake in usage', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => writeDoctorRecord(record('a', 'here'), join(folder, 'file'))).toThrow(UsageError);
});
