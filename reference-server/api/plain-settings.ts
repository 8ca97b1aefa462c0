import type { ServerConfig } from '../config.ts';
import { EXECUTION_FIELDS } from '../model-settings.ts';

/**
 * The settings of which it is known that a plain request may go the short way beside them: they are about models, or hold
 * on both ways.
 */
const KNOWN: readonly (keyof ServerConfig)[] = [
  'host',
  'port',
  'grpcPort',
  'grpcPingMs',
  'models',
  'repository',
  ...EXECUTION_FIELDS,
  'auth',
  'limits',
  'bodyLimitBytes',
  'drainMs',
];

/** Whether plain requests may be served without the general reader: not beside a setting that nobody has thought of here. */
export function mayServePlainly(config: ServerConfig): boolean {
  // A line for each request is written on the long way.
  const { accessLog, ...others } = config;
  return !accessLog && Object.keys(others).every((name) => (KNOWN as readonly string[]).includes(name));
}
