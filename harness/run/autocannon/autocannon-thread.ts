import { workOnThread } from '../threads/on-thread.ts';
import { runAutocannon } from './autocannon-run.ts';

/** Worker entry: autocannon on a thread of its own. */
await workOnThread(runAutocannon);
