import type { LoadEngine } from '../load-engine.ts';
import { runOnThread } from '../threads/thread-engine.ts';

/**
 * A peer of our engine, in a thread of its own like ours: closed HTTP loads only, service times only. It is there to
 * check ours against, and for whoever must compare with figures that were made with it.
 */
export const autocannonEngine: LoadEngine = {
  name: 'autocannon',
  run: (assignment, watch) => runOnThread('autocannon/autocannon-thread.js', assignment, watch),
};
