import { expect, test } from 'vitest';
import { verdict } from '../../../harness/doctor/verdict.ts';
import type { DoctorMeasured } from '../../../harness/record/doctor-record.ts';

const NONE = { missing: 'it was not measured' };
const MEASURED: DoctorMeasured = {
  ceiling: {
    http: { requestsPerS: 58_000, cpuUsPerRequest: 12.54, perCorePerS: 79_745 },
    grpc: { requestsPerS: 40_000, cpuUsPerRequest: 20, perCorePerS: 50_000 },
  },
  floor: { http: { p50Ms: 0.062, p99Ms: 0.213 }, grpc: { p50Ms: 0.1, p99Ms: 0.4 } },
  sendLag: [
    { offeredPerS: 100, p50Ms: 0.09, p90Ms: 0.2, p99Ms: 0.31, p999Ms: NONE },
    { offeredPerS: 1000, p50Ms: 0.05, p90Ms: 0.1, p99Ms: 0.28, p999Ms: 1 },
    { offeredPerS: 5000, p50Ms: 0.04, p90Ms: 0.1, p99Ms: 1.4, p999Ms: 3 },
  ],
  crossCheck: [
    {
      protocol: 'http',
      driver: 'inferometer',
      requestsPerS: 60_000,
      serviceP50Ms: 0.5,
      cpuUsPerRequest: 12.5,
    },
    { protocol: 'http', driver: 'autocannon', requestsPerS: 30_000, serviceP50Ms: 1, cpuUsPerRequest: 25 },
    { protocol: 'grpc', driver: 'grpc-js', requestsPerS: NONE, serviceP50Ms: NONE, cpuUsPerRequest: NONE },
  ],
  witness: { sent: 1000, seen: 1000 },
  cpuPressurePct: 3,
  failed: [],
  tookS: 34,
};

test('what this machine can measure, in sentences', () => {
  const said = verdict(MEASURED);
  expect(said[0]).toContain('up to about 80,000 requests/s from one core of the generator (13 µs');
  expect(said[1]).toContain('50,000 calls/s');
  expect(said[2]).toContain('p50 0.062 ms, p99 0.21 ms');
  expect(said[4]).toMatch(
    /hold to a millisecond up to 1,000\/s at least: .*0\.31 ms at 100\/s.*1\.4 ms at 5,000\/s/,
  );
  expect(said[5]).toContain(
    'ours sends 2 times as many; its service p50 reads 2 times ours, and it takes 2 times',
  );
  expect(said[6]).toContain('must agree');
  expect(said).toHaveLength(7);
});

test('what could not be measured is said, and nothing is made up for it', () => {
  const missing = { requestsPerS: NONE, cpuUsPerRequest: NONE, perCorePerS: NONE };
  const said = verdict({
    ...MEASURED,
    ceiling: { http: missing, grpc: missing },
    floor: { http: { p50Ms: NONE, p99Ms: NONE }, grpc: { p50Ms: NONE, p99Ms: NONE } },
    sendLag: [],
    crossCheck: [],
    failed: [{ step: 'HTTP ceiling', reason: 'it was not measured' }],
  });
  expect(said).toEqual([
    'How well schedules hold could not be measured.',
    'Not measured: HTTP ceiling (it was not measured).',
  ]);
});

test('no rate holds', () => {
  const late = MEASURED.sendLag.map((lag) => ({ ...lag, p99Ms: 3 }));
  expect(verdict({ ...MEASURED, sendLag: late }).join()).toContain('do not hold to 1 ms');
});

test('a server that counts otherwise discredits the rates', () => {
  expect(verdict({ ...MEASURED, witness: { sent: 1000, seen: 990 } }).join()).toContain('counts disagree');
});

test('a machine that was busy meanwhile is said to do better', () => {
  expect(verdict({ ...MEASURED, cpuPressurePct: 55 }).at(-1)).toContain('waited for a CPU 55 % of the time');
  expect(verdict({ ...MEASURED, cpuPressurePct: NONE })).toHaveLength(7);
});
