import { z } from 'zod';

/** Where a secret is: a file's text, or an environment variable. A configuration itself holds none. */
export const secretSource = z.union(
  [z.strictObject({ file: z.string().min(1) }), z.strictObject({ env: z.string().min(1) })],
  'must be {file: path} or {env: NAME}',
);
export type SecretSource = z.infer<typeof secretSource>;
