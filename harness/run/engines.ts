import type { EngineName } from '../scenario/load-spec.ts';
import { autocannonEngine } from './autocannon/autocannon-engine.ts';
import type { LoadEngine } from './load-engine.ts';
import { threadEngine } from './threads/thread-engine.ts';

/** What `load.engine` names. */
export const LOAD_ENGINES: Readonly<Record<EngineName, LoadEngine>> = {
  inferometer: threadEngine,
  autocannon: autocannonEngine,
};
