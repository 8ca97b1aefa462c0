import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeCertificates, NO_CERTIFICATES, type Pair } from '../support/certificates.ts';
import { type EchoServer, echoBody, echoMessage, startEchoServer } from './echo-server.ts';
import { GrpcClient } from './grpc-client.ts';

let folder = '';
let certificates: ReturnType<typeof makeCertificates> = NO_CERTIFICATES;
let echo: EchoServer | undefined;
const clients: GrpcClient[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferometer-secured-'));
  certificates = makeCertificates(folder);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await echo?.server.stop();
  echo = undefined;
  vi.unstubAllEnvs();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function start(settings: object): Promise<EchoServer> {
  echo = await startEchoServer(settings);
  return echo;
}

function client(url: string, own?: Pair): GrpcClient {
  const { ca } = certificates;
  const identity = own === undefined ? [] : [Buffer.from(own.key), Buffer.from(own.cert)];
  const secured = url.startsWith('grpcs:')
    ? credentials.createSsl(Buffer.from(ca.cert), ...identity)
    : credentials.createInsecure();
  const made = new GrpcClient(url, {}, secured);
  clients.push(made);
  return made;
}

/** The status and the body; rejects where there is no answer. */
function ask(url: string, options: RequestOptions): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const sent = request(url, { method: 'POST', agent, ca: certificates.ca.cert, ...options }, (response) => {
      let text = '';
      response.on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(echoBody(1, 2, 3));
  });
}

describe('TLS', () => {
  const files = (more: object = {}) => {
    const { certFile, keyFile } = certificates.server;
    return { tls: { certFile, keyFile, ...more } };
  };

  test('both doors speak it, and nothing else', async () => {
    const { url, grpcUrl } = await start(files());
    expect([new URL(url).protocol, new URL(grpcUrl).protocol]).toEqual(['https:', 'grpcs:']);
    const { status, text } = await ask(`${url}/v2/models/echo/infer`, {});
    expect([status, JSON.parse(text).outputs[0].data]).toEqual([200, [1, 2, 3]]);
    const answer = await client(grpcUrl).call('ModelInfer', echoMessage(1, 2, 3));
    expect(answer.model_name).toBe('echo');
    await expect(fetch(url.replace('https', 'http'))).rejects.toThrow();
    await expect(ask(url, { ca: [] })).rejects.toThrow('certificate');
  });

  test('a caller without a certificate of the authority gets no answer at either door', async () => {
    const { url, grpcUrl, statistics } = await start(files({ clientCaFile: certificates.ca.certFile }));
    const path = `${url}/v2/models/echo/infer`;
    await expect(ask(path, {})).rejects.toThrow();
    expect((await client(grpcUrl).refusal('ModelInfer', echoMessage(1, 2, 3))).code).toBe(14);
    expect(statistics.arrivals).toBe(0);
    const { cert, key } = certificates.client;
    expect((await ask(path, { cert, key })).status).toBe(200);
    const known = client(grpcUrl, certificates.client);
    expect((await known.call('ModelInfer', echoMessage(1, 2, 3))).model_name).toBe('echo');
    expect(statistics.success.count).toBe(2);
  });
});

describe('tokens', () => {
  const bearing = (token: string) => {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    return metadata;
  };

  test('without one: whether the server is alive and ready, and nothing more', async () => {
    vi.stubEnv('OPS_TOKENS', 'alpha\nbeta');
    vi.stubEnv('OPS_ADMINS', 'root');
    const { url, grpcUrl, statistics } = await start({
      auth: { tokens: { env: 'OPS_TOKENS' }, adminTokens: { env: 'OPS_ADMINS' } },
      repository: { mode: 'explicit' },
    });
    const status = async (path: string, method = 'GET', token?: string) => {
      const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      const body = method === 'POST' ? echoBody(1, 2, 3) : null;
      return (await fetch(url + path, { method, headers, body })).status;
    };
    expect([await status('/v2/health/live'), await status('/v2/health/ready')]).toEqual([200, 200]);
    for (const path of ['/v2', '/metrics', '/v2/models/echo', '/v2/models/echo/ready', '/v2/models/stats']) {
      expect([path, await status(path)]).toEqual([path, 401]);
      expect([path, await status(path, 'GET', 'beta')]).toEqual([path, 200]);
    }
    const infer = '/v2/models/echo/infer';
    const tried = [undefined, 'gamma', 'alpha', 'root'].map((token) => status(infer, 'POST', token));
    expect(await Promise.all(tried)).toEqual([401, 401, 200, 200]);
    const refused = await fetch(url + infer, { method: 'POST', body: echoBody(1, 2, 3) });
    expect(refused.headers.get('WWW-Authenticate')).toBe('Bearer');
    expect(await refused.json()).toEqual({ error: expect.stringContaining('asks for a token') });

    const grpc = client(grpcUrl);
    expect(await grpc.call('ServerLive', {})).toEqual({ live: true });
    expect(await grpc.call('grpc.health.v1.Health/Check', {})).toEqual({ status: 'SERVING' });
    expect((await grpc.refusal('ModelInfer', echoMessage(1, 2, 3))).code).toBe(16);
    expect((await grpc.refusal('ServerMetadata', {})).code).toBe(16);
    await grpc.call('ModelInfer', echoMessage(1, 2, 3), {}, bearing('alpha'));
    expect(statistics.arrivals).toBe(3);

    const unload = '/v2/repository/models/echo/unload';
    expect(await fetch(url + unload, { method: 'POST' }).then((answer) => answer.status)).toBe(401);
    const asCaller = await fetch(url + unload, {
      method: 'POST',
      headers: { Authorization: 'Bearer alpha' },
    });
    expect(asCaller.status).toBe(403);
    const named = { model_name: 'echo' };
    expect((await grpc.refusal('RepositoryModelUnload', named, {}, bearing('beta'))).code).toBe(7);
    expect(await grpc.call('RepositoryModelUnload', named, {}, bearing('root'))).toEqual({});

    const page = await fetch(`${url}/metrics`, { headers: { Authorization: 'Bearer alpha' } });
    const text = await page.text();
    expect(text).toContain('inferometer_refused_total{reason="unauthenticated"} 11');
    expect(text).toContain('inferometer_refused_total{reason="forbidden"} 2');
  });
});
