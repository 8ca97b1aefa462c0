import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { ServerConfig } from '../config.ts';
import { StartupError } from '../errors.ts';
import { readSecret } from '../read-secret.ts';
import type { SecretSource } from '../secret.ts';

/** What a door speaks TLS with. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** The authorities of the callers' certificates; undefined: callers need none. */
  readonly ca?: Buffer;
}

/** What the configuration names and does not hold. */
export interface Credentials {
  readonly tls: TlsMaterial | undefined;
  /** Undefined: whoever comes may call. */
  readonly tokens: readonly string[] | undefined;
  /** Undefined: the same as `tokens`. */
  readonly adminTokens: readonly string[] | undefined;
}

/** Reads all of it, or throws a StartupError that names everything that is wrong with it. */
export function readCredentials(config: ServerConfig): Credentials {
  const problems: string[] = [];
  const { tokens, adminTokens } = config.auth;
  const credentials = {
    tls: tlsFrom(config, problems),
    tokens: tokens && tokensFrom('auth.tokens', tokens, problems),
    adminTokens: adminTokens && tokensFrom('auth.adminTokens', adminTokens, problems),
  };
  checkCaches(config, problems);
  if (problems.length === 0) return credentials;
  const message = `what the configuration names cannot be used: ${problems.join('; ')}`;
  throw new StartupError(message, 'Put the files and variables there, or leave the fields out.', 3);
}

function tlsFrom({ tls }: ServerConfig, problems: string[]): TlsMaterial | undefined {
  if (tls === undefined) return undefined;
  const { certFile, keyFile, clientCaFile } = tls;
  const read = (field: string, path: string) => readPem(`tls.${field}`, path, problems);
  const before = problems.length;
  const material = {
    cert: read('certFile', certFile),
    key: read('keyFile', keyFile),
    ...(clientCaFile === undefined ? {} : { ca: read('clientCaFile', clientCaFile) }),
  };
  if (problems.length > before) return undefined;
  try {
    createSecureContext(material);
  } catch (error) {
    problems.push(`tls: ${reasonOf(error)}`);
  }
  return material;
}

function readPem(field: string, path: string, problems: string[]): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    problems.push(`${field}: ${reasonOf(error)}`);
    return Buffer.alloc(0);
  }
}

/** One a line; a line that begins with # says nothing. */
function tokensFrom(field: string, source: SecretSource, problems: string[]): readonly string[] {
  const read = readSecret(source);
  if ('problem' in read) {
    problems.push(`${field}: it ${read.problem}`);
    return [];
  }
  const lines = read.secret.split(/\r?\n/).map((line) => line.trim());
  const tokens = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (tokens.length === 0) problems.push(`${field}: there is no token`);
  // RFC 6750: what may follow "Bearer ".
  if (tokens.some((token) => !/^[\w.~+/-]+=*$/.test(token))) {
    problems.push(`${field}: a token may only hold letters, digits and - . _ ~ + / and end with =`);
  }
  return tokens;
}

/** What a Redis needs is read again where the connection is made. */
function checkCaches({ cache, models }: ServerConfig, problems: string[]): void {
  const named = [
    { field: 'cache', settings: cache },
    ...models.map((model, index) => ({ field: `models.${index}.cache`, settings: model.cache ?? {} })),
  ];
  for (const { field, settings } of named) {
    const { password, caFile } = settings;
    const read = password && readSecret(password);
    if (read !== undefined && 'problem' in read) problems.push(`${field}.password: it ${read.problem}`);
    if (caFile !== undefined) readPem(`${field}.caFile`, caFile, problems);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
