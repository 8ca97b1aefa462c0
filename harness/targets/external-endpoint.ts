import { readFileSync } from 'node:fs';
import { type Problem, UsageError } from '../errors.ts';
import type { ExternalTargetSpec } from '../scenario/target-spec.ts';
import type { EndpointTls, TargetEndpoint } from './target.ts';

/** The spec with its secrets filled in: token and certificates, read now. Throws UsageError with all that lack. */
export function endpointOf(spec: ExternalTargetSpec): TargetEndpoint {
  const problems: Problem[] = [];
  const token = spec.bearerEnv === undefined ? undefined : process.env[spec.bearerEnv];
  if (spec.bearerEnv !== undefined && (token ?? '') === '') {
    problems.push({
      field: 'target.auth.bearer.env',
      message: `the environment variable ${spec.bearerEnv} is not set`,
      advice: 'export it with the token in it',
    });
  }
  const tls = tlsOf(spec, problems);
  if (problems.length > 0) throw new UsageError(problems);
  const headers = token === undefined ? spec.headers : { ...spec.headers, Authorization: `Bearer ${token}` };
  return { url: spec.url, headers, ...(tls === undefined ? {} : { tls }) };
}

function tlsOf({ tls }: ExternalTargetSpec, problems: Problem[]): EndpointTls | undefined {
  if (tls === undefined) return undefined;
  const { insecure, ...files } = tls;
  const texts = Object.entries(files).map(([name, file]) => [name, readPem(name, file, problems)]);
  return { ...Object.fromEntries(texts), insecure };
}

function readPem(name: string, file: string, problems: Problem[]): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const message = `cannot read ${file} (${code})`;
    problems.push({
      field: `target.tls.${name}`,
      message,
      advice: 'the path is relative to the working folder',
    });
    return '';
  }
}
