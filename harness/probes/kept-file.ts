import { closeSync, openSync, readSync } from 'node:fs';

const buffer = Buffer.alloc(64 * 1024);

/**
 * A file of /proc or /sys that is opened once and read again and again: about 4 µs a read instead of 20.
 * The descriptor also stays with the process that it was opened for, so a reused pid is never mistaken for it.
 */
export class KeptFile {
  readonly #descriptor: number;

  /** Throws when there is no such file. */
  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
  }

  /** Throws when what it described is gone. */
  read(): string {
    return buffer.toString('latin1', 0, readSync(this.#descriptor, buffer, 0, buffer.length, 0));
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** The file, or undefined where this system has none. */
export function keepFile(path: string): KeptFile | undefined {
  try {
    return new KeptFile(path);
  } catch {
    return undefined;
  }
}
