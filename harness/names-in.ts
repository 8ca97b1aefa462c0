import { readdirSync } from 'node:fs';

/** What lies in a folder, by name; nothing where there is none that can be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
