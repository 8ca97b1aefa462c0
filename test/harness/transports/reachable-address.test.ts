import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { addressOf, firstReachable } from '../../../harness/transports/reachable-address.ts';

test('of several addresses the first that accepts is taken, and none where none does', async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await firstReachable(['127.0.0.2', '127.0.0.1'], port)).toBe('127.0.0.1');
  expect(await addressOf('127.0.0.1', port)).toBe('127.0.0.1');
  server.close();
  await once(server, 'close');
  expect(await firstReachable(['127.0.0.2', '127.0.0.1'], port)).toBeUndefined();
  expect(await firstReachable(['127.0.0.2'], port)).toBe('127.0.0.2');
});
