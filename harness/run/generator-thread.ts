import { runGenerator } from './generator.ts';
import { workOnThread } from './on-thread.ts';

/** Worker entry: one generator on a thread of its own. */
await workOnThread(runGenerator);
