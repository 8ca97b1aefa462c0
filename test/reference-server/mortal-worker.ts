import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';

const WORKER = fileURLToPath(
  new URL('../../dist/reference-server/execution/instance-worker.js', import.meta.url),
);

/** The program of the real worker thread, which ends with code 9 when it is told to, whatever it is doing. */
export class MortalWorker {
  readonly entry: URL;
  readonly #folder = mkdtempSync(join(tmpdir(), 'inferometer-mortal-'));
  readonly #orders: BroadcastChannel;

  constructor() {
    const path = join(this.#folder, 'mortal-worker.mjs');
    const program = `import { BroadcastChannel } from 'node:worker_threads';
      const orders = new BroadcastChannel(${JSON.stringify(this.#folder)});
      orders.onmessage = () => process.exit(9);
      orders.unref();
      await import(${JSON.stringify(pathToFileURL(WORKER).href)});`;
    writeFileSync(path, program);
    this.entry = pathToFileURL(path);
    this.#orders = new BroadcastChannel(this.#folder);
  }

  /** Every thread that runs now. */
  killAll(): void {
    this.#orders.postMessage('now');
  }

  close(): void {
    this.#orders.close();
    rmSync(this.#folder, { recursive: true });
  }
}
