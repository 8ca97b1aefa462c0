import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { workplace } from './cli-process.ts';

const place = workplace();
afterAll(() => place.close());

/** Ready, describes its model, and fails every inference. */
const server = createServer((request, response) => {
  const known: Readonly<Record<string, unknown>> = {
    '/v2/health/ready': {},
    '/v2/models/broken': {
      name: 'broken',
      platform: 'none',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
    },
  };
  const answer = known[request.url ?? ''];
  request.resume();
  response.writeHead(answer === undefined ? 500 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer ?? { error: 'out of memory' }));
}).listen(0, '127.0.0.1');
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('a server that answers nothing but errors: one clear error, exit 4, what was seen is kept', async () => {
  if (!server.listening) await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stderr } = await place.run(
    ...['run', 'smoke', '--url', url, '--model', 'broken', '--set', 'duration=1s', '--set', 'warmup=0ms'],
  );
  expect(stderr).toMatch(/^The closed pass brought no answer home \(\d+ http-5xx\)/);
  expect(code).toBe(4);
  const record = place.latest();
  expect(record.partial).toBe(true);
  expect(record.cases[0]?.counts).toMatchObject({ ok: 0 });
  expect(record.cases[0]?.counts.failed).toBeGreaterThan(0);
  expect(record.cases[0]?.events.map(({ message }) => message)).toContain(
    'the server said: http-5xx: HTTP 500: out of memory',
  );
}, 60_000);
