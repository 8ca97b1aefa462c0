import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { packageFile } from '../../../harness/package-files.ts';
import { type RedisProcess, startRedis } from '../../../harness/targets/redis-process.ts';
import { NO_REDIS } from '../../support/redis-server.ts';

const running: RedisProcess[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

/** What it answers to one command, or why it cannot be asked. */
function ask(url: string, command: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = createConnection(Number(new URL(url).port), '127.0.0.1');
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('data', (chunk) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.write(`${command}\r\n`);
  });
}

describe.skipIf(NO_REDIS !== undefined)('a Redis of the run', () => {
  test('keeps as much as it is told to, forgets the oldest first, and is gone when it is stopped', async () => {
    const redis = await startRedis({ maxBytes: 4 * 2 ** 20 });
    running.push(redis);
    expect(await ask(redis.url, 'CONFIG GET maxmemory')).toContain(String(4 * 2 ** 20));
    expect(await ask(redis.url, 'CONFIG GET maxmemory-policy')).toContain('allkeys-lru');
    await Promise.all([redis.stop(), redis.stop()]);
    expect(await ask(redis.url, 'PING')).toBe('ECONNREFUSED');
    expect(() => process.kill(redis.pid, 0)).toThrow('ESRCH');
  });

  test('does not outlive a run that is killed', async () => {
    const module = pathToFileURL(packageFile('dist/harness/targets/redis-process.js')).href;
    const script = `import { startRedis } from ${JSON.stringify(module)};
    console.log((await startRedis({ maxBytes: 1e7 })).url);
    setInterval(() => {}, 1000);`;
    const harness = spawn(process.execPath, ['--input-type=module', '-e', script]);
    const [said] = (await once(harness.stdout, 'data')) as [Buffer];
    const url = said.toString().trim();
    expect(await ask(url, 'PING')).toBe('+PONG\r\n');
    harness.kill('SIGKILL');
    await expect.poll(() => ask(url, 'PING'), { timeout: 5_000 }).toBe('ECONNREFUSED');
  });
});

test('where there is none, that is said with what to do', async () => {
  await expect(startRedis({ maxBytes: 1, programs: ['no-such-redis'] })).rejects.toMatchObject({
    message: expect.stringContaining('There is no redis-server on this machine'),
    advice: expect.stringContaining('target.reference.cache.url'),
  });
});

test('one that does not start is told in its own words', async () => {
  await expect(startRedis({ maxBytes: 1, programs: ['false'] })).rejects.toThrow(
    /did not start \(exit code 1\)/,
  );
});
