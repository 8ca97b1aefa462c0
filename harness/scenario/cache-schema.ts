import { z } from 'zod';
import { choice, duration, size, text, yesNo } from './leaves.ts';
import type { Reading } from './quantities.ts';

const FOREVER = 'left out: as long as there is room for it';

/** Of the bundled server: whether answers are kept and given again. */
export const cache = z
  .strictObject({
    kind: choice(
      'off; local: in the memory of the server; redis: in a Redis or Valkey, one that the run starts for itself where there is no url',
      ['off', 'local', 'redis'],
    ).prefault('off'),
    size: size(
      'Memory for answers, those not asked for the longest go first; left out: 64MiB. A Redis with a url has its own bound',
    ).optional(),
    ttl: duration(`How long an answer may be given again; ${FOREVER}`, { positive: true }).optional(),
    singleFlight: yesNo('Identical requests in flight share one computation').prefault(true),
    url: text('Of redis: where it is, redis://host:port, or rediss:// for TLS', parseRedisUrl, {
      examples: ['redis://127.0.0.1:6379', 'rediss://cache.example.com:6380/1'],
    }).optional(),
    password: z
      .strictObject({ env: text('The environment variable that holds it') })
      .optional()
      .describe('Of redis with a url: read by the server when it starts, and never recorded'),
    wait: duration('Of redis: how long a request waits for it at most; later is a miss; left out: 20ms', {
      positive: true,
    }).optional(),
  })
  .describe('Whether answers are kept and given again to the same request');

function parseRedisUrl(found: string): Reading<string> {
  if (/^rediss?:\/\/[^/@]*:[^/@]*@/i.test(found)) {
    const problem = 'found a password in the URL, which would be recorded';
    return { problem, advice: 'password: { env: NAME }' };
  }
  if (/^rediss?:\/\/([^\s/@:]+@)?([\w.-]+|\[[\da-f:]+\])(:\d{1,5})?(\/\d+)?$/i.test(found)) {
    return { value: found };
  }
  return {
    problem: `found "${found}"; it is the URL of a Redis`,
    advice: 'as in redis://127.0.0.1:6379',
  };
}
