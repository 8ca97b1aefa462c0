import { runAutocannon } from './autocannon-run.ts';
import { workOnThread } from './on-thread.ts';

/** Worker entry: autocannon on a thread of its own. */
await workOnThread(runAutocannon);
