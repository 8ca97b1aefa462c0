import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * A folder and those above it, where they are missing. Throws what the system says. Node's own recursive mkdir never
 * returns where a folder is there but takes none (`/proc/x`).
 */
export function makeFolders(path: string): void {
  const missing: string[] = [];
  // Throws where a file is in the way.
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) mkdirSync(path);
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.reverse()) makeOne(folder);
}

function makeOne(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
