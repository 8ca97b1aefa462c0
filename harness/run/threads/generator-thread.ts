import { runGenerator } from '../generator/generator.ts';
import { workOnThread } from './on-thread.ts';

/** Worker entry: one generator on a thread of its own. */
await workOnThread(runGenerator);
