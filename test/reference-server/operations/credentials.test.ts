import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parseServerConfig } from '../../../reference-server/config.ts';
import { StartupError } from '../../../reference-server/errors.ts';
import { readCredentials } from '../../../reference-server/operations/credentials.ts';
import { makeCertificates, NO_CERTIFICATES } from '../../support/certificates.ts';

let folder = '';
let certificates: ReturnType<typeof makeCertificates> = NO_CERTIFICATES;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferometer-credentials-'));
  certificates = makeCertificates(folder);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const read = (settings: object) =>
  readCredentials(parseServerConfig(JSON.stringify({ models: [{ name: 'm', source: 'm' }], ...settings })));

function problemsOf(settings: object): string {
  try {
    read(settings);
  } catch (error) {
    if (error instanceof StartupError && error.exitCode === 3) return error.message;
    throw error;
  }
  return '';
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('nothing is named, nothing is read', () => {
  expect(read({})).toEqual({ tls: undefined, tokens: undefined, adminTokens: undefined });
});

test('certificates, and tokens one a line, from files and variables', () => {
  vi.stubEnv('OPS_TEST_TOKENS', '  one\n\n# of the batch job\ntwo==  \n');
  const { server, ca } = certificates;
  const found = read({
    tls: { certFile: server.certFile, keyFile: server.keyFile, clientCaFile: ca.certFile },
    auth: { tokens: { env: 'OPS_TEST_TOKENS' }, adminTokens: { file: file('admins', 'root\r\n') } },
  });
  expect(found.tokens).toEqual(['one', 'two==']);
  expect(found.adminTokens).toEqual(['root']);
  expect(found.tls?.ca?.toString()).toBe(ca.cert);
});

test('everything that cannot be used is named at once, and no secret is', () => {
  const said = problemsOf({
    models: [{ name: 'm', source: 'm', cache: { password: { env: 'OPS_TEST_NOT_THERE' } } }],
    tls: { certFile: join(folder, 'none.pem'), keyFile: join(folder, 'none.key') },
    auth: {
      tokens: { file: file('bad', 'sesame street\n') },
      adminTokens: { file: file('empty', '# nobody yet\n') },
    },
    cache: { password: { file: join(folder, 'none') }, caFile: join(folder, 'no-ca.pem') },
  });
  for (const words of [
    'tls.certFile: ENOENT',
    'tls.keyFile: ENOENT',
    'auth.tokens: a token may only hold',
    'auth.adminTokens: there is no token',
    'cache.password: it cannot be read: ENOENT',
    'cache.caFile: ENOENT',
    'models.0.cache.password: it is to be in the environment variable OPS_TEST_NOT_THERE, which is empty',
  ]) {
    expect(said).toContain(words);
  }
  expect(said).not.toContain('sesame');
});

test('a key that is not the certificate’s, and what is no certificate', () => {
  const { server, client } = certificates;
  expect(problemsOf({ tls: { certFile: server.certFile, keyFile: client.keyFile } })).toContain('tls: ');
  expect(problemsOf({ tls: { certFile: file('x.pem', 'x'), keyFile: server.keyFile } })).toContain('tls: ');
});
