import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../harness/errors.ts';
import { externalTarget } from '../../harness/targets/external.ts';
import { answersOf } from '../support/answers-of.ts';
import { assignment, runLoad } from '../support/assignment.ts';
import { makeCertificates, NO_CERTIFICATES } from '../support/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const stops: (() => void)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
  rmSync(folder, { recursive: true, force: true });
});
const withoutOpenssl = spawnSync('openssl', ['version']).status !== 0;
const { ca, server, client } = withoutOpenssl ? NO_CERTIFICATES : makeCertificates(folder);

/** Answers with what the client's certificate says, and what its token. */
function listen(options: TlsOptions = {}): Promise<number> {
  const listener = createServer({ cert: server.cert, key: server.key, ca: ca.cert, ...options });
  listener.on('request', (request, response) => {
    request.resume();
    response.end(`${request.method} ${request.headers.authorization ?? ''}`);
  });
  stops.push(() => {
    listener.closeAllConnections();
    listener.close();
  });
  return new Promise((resolve) => {
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      resolve(typeof address === 'object' ? (address?.port ?? 0) : 0);
    });
  });
}

const asked = { sockets: 'node', requests: Array.from({ length: 20 }, () => ({})), connections: 4 } as const;
const outcomes = (answers: readonly { outcome: unknown }[]) => [
  ...new Set(answers.map(({ outcome }) => outcome)),
];

describe.skipIf(withoutOpenssl)('https (certificates by openssl)', () => {
  it('trusts the given authority, by name and by address', async () => {
    const port = await listen();
    for (const host of ['localhost', '127.0.0.1']) {
      const tls = { ca: ca.cert, ...(host === 'localhost' ? { serverName: host } : {}) };
      const { answers, opened } = await answersOf({ ...asked, url: `https://${host}:${port}`, tls });
      expect([outcomes(answers), opened]).toEqual([['complete'], 4]);
    }
  });

  it('does not open a connection to a server that it cannot trust, unless it is told to', async () => {
    const url = `https://127.0.0.1:${await listen()}`;
    expect(outcomes((await answersOf({ ...asked, url, tls: {} })).answers)).toEqual(['connect-error']);
    const misnamed = { ca: ca.cert, serverName: 'example.com' };
    expect(outcomes((await answersOf({ ...asked, url, tls: misnamed })).answers)).toEqual(['connect-error']);
    expect(outcomes((await answersOf({ ...asked, url, tls: { insecure: true } })).answers)).toEqual([
      'complete',
    ]);
  });

  it('shows a certificate of its own where the server wants one', async () => {
    const url = `https://127.0.0.1:${await listen({ requestCert: true, rejectUnauthorized: true })}`;
    const known = { ca: ca.cert, cert: client.cert, key: client.key };
    expect(outcomes((await answersOf({ ...asked, url, tls: known })).answers)).toEqual(['complete']);
    const unknown = outcomes((await answersOf({ ...asked, url, tls: { ca: ca.cert } })).answers);
    expect(unknown).not.toContain('complete');
  });

  it('sends a body of megabytes', async () => {
    const url = `https://127.0.0.1:${await listen()}`;
    const requests = [{ method: 'POST', shared: Buffer.alloc(3 * 2 ** 20) }, { method: 'POST' }];
    const { answers } = await answersOf({ ...asked, url, tls: { ca: ca.cert }, requests });
    expect(outcomes(answers)).toEqual(['complete']);
  });

  it('drives a target of a scenario: certificates from files, the token from the environment', async () => {
    const url = `https://localhost:${await listen({ requestCert: true, rejectUnauthorized: true })}`;
    const spec = {
      kind: 'external',
      url,
      protocol: 'http',
      model: '',
      headers: {},
      http: { method: 'POST', path: '/', headers: {}, body: 'hello' },
      bearerEnv: 'INFEROMETER_TEST_TOKEN',
      tls: { ca: ca.certFile, cert: client.certFile, key: client.keyFile, insecure: false },
    } as const;
    delete process.env.INFEROMETER_TEST_TOKEN;
    await expect(externalTarget(spec).start()).rejects.toThrow(UsageError);
    process.env.INFEROMETER_TEST_TOKEN = 'open sesame';
    const target = await externalTarget(spec).start();
    expect(target.endpoint.headers.Authorization).toBe('Bearer open sesame');
    expect(JSON.stringify(target.requested)).not.toContain('sesame');
    const { protocol, http } = spec;
    const result = await runLoad(
      assignment(url, { endpoint: target.endpoint, protocol, http, durationMs: 300, warmupMs: 0 }),
    );
    expect([result.sockets, result.counts.ok]).toEqual(['node', result.counts.scheduled]);
    expect(result.counts.ok).toBeGreaterThan(10);
  });
});
