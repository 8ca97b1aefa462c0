import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doctorRecord, doctorSummaryIn } from '../../harness/record/doctor-record.ts';
import { type Workplace, workplace } from './cli-process.ts';

const NONE = { missing: 'not measured here' };
const NO_CEILING = { requestsPerS: NONE, cpuUsPerRequest: NONE, perCorePerS: NONE };
const NO_LATENCY = { p50Ms: NONE, p99Ms: NONE };

describe('inferometer doctor', () => {
  let place: Workplace;
  beforeAll(() => {
    place = workplace();
  });
  afterAll(() => place.close());

  it('prints one line a check, and as JSON the same and nothing else', async () => {
    const [text, json] = await Promise.all([place.run('doctor'), place.run('doctor', '--json')]);
    expect([text.code, json.code]).toEqual([0, 0]);
    const record = doctorRecord.parse(JSON.parse(json.stdout));
    expect(record.measured).toBeUndefined();
    expect(record.findings.length).toBeGreaterThan(15);
    for (const { id } of record.findings)
      expect(text.stdout).toMatch(new RegExp(`^ +(ok|WARN|-) +${id} `, 'm'));
  });

  it('leaves no process and keeps nothing when it is interrupted while it measures', async () => {
    const running = place.start(['doctor', '--measure']);
    await running.printed(/checks/);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    running.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(place.processes()).toEqual([]);
  });

  it('has its newest visit carried by the runs that follow', async () => {
    const measured = {
      ceiling: { http: { requestsPerS: 9, cpuUsPerRequest: 8, perCorePerS: 125_000 }, grpc: NO_CEILING },
      floor: { http: { p50Ms: 0.05, p99Ms: 0.2 }, grpc: NO_LATENCY },
      sendLag: [],
      crossCheck: [],
      witness: { sent: 1, seen: 1 },
      cpuPressurePct: 3,
      failed: [],
      tookS: 1,
    };
    const head = { formatVersion: 1, id: 'planted', at: '2026-11-21T00:00:00Z', version: '0', findings: [] };
    mkdirSync(place.path('results', 'doctor'), { recursive: true });
    writeFileSync(
      join(place.path('results', 'doctor'), 'planted.json'),
      JSON.stringify({ ...head, host: hostname(), measured }),
    );
    const file = place.write(
      'closed.yaml',
      'target: { reference: { model: recommender } }\nload: { closed: { inFlight: 4 }, engine: autocannon }\nmeasure: { warmup: 200ms, duration: 600ms }\n',
    );
    const { code, stderr } = await place.run('run', file);
    expect(code, stderr).toBe(0);
    const record = place.latest();
    expect(doctorSummaryIn(record.environment)).toMatchObject({ id: 'planted', httpPerCorePerS: 125_000 });
    // The same run: a peer engine, from the command line to the record.
    expect(record.notices.map(({ id }) => id)).toContain('peer-engine');
    expect(record.cases[0]?.latencyMs.response.p50).toEqual({
      missing: expect.stringContaining('autocannon'),
    });
  });
});
