import { readFileSync } from 'node:fs';
import type { SecretSource } from './secret.ts';

/** The secret, without the white space around it; or why there is none, in words that follow "it". */
export function readSecret(source: SecretSource): { readonly secret: string } | { readonly problem: string } {
  if ('env' in source) {
    const secret = process.env[source.env]?.trim();
    return secret
      ? { secret }
      : { problem: `is to be in the environment variable ${source.env}, which is empty` };
  }
  try {
    const secret = readFileSync(source.file, 'utf8').trim();
    return secret ? { secret } : { problem: `is to be in ${source.file}, which is empty` };
  } catch (error) {
    return { problem: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
