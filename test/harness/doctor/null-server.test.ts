import { afterEach, beforeEach, expect, test } from 'vitest';
import { drive } from '../../../harness/doctor/self-loads.ts';
import { type NullServer, startNullServer } from '../../../harness/doctor/start-null-server.ts';

let server: NullServer;
beforeEach(async () => {
  server = await startNullServer(undefined);
});
afterEach(() => server.stop());

const SHORT = {
  load: { shape: 'closed', inFlight: 4, thinkTimeMs: 0 },
  durationMs: 300,
  protocol: 'http',
} as const;

test.each([
  ['our engine', {}],
  ['our gRPC engine', { protocol: 'grpc' }],
] as const)('%s: the null server answers and counts every request', async (_, driver) => {
  const place = { url: server.url, generatorCpu: undefined, signal: new AbortController().signal };
  const { counts, warmupCounts } = await drive({ ...SHORT, ...driver }, place);
  expect(counts.byOutcome).toEqual({ ok: counts.sent });
  expect(await server.requests()).toBe(counts.sent + warmupCounts.sent);
});

test('an interrupt ends a load', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 300);
  const place = { url: server.url, generatorCpu: undefined, signal: stop.signal };
  await expect(drive({ ...SHORT, durationMs: 60_000 }, place)).rejects.toThrow(/interrupted/);
});

test('a server that is gone is an error of the step', async () => {
  await server.stop();
  const place = { url: server.url, generatorCpu: undefined, signal: new AbortController().signal };
  await expect(drive(SHORT, place)).rejects.toThrow(/nothing was answered/);
});
