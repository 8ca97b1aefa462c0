import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { makeFolders } from '../make-folders.ts';
import { namesIn } from '../names-in.ts';
import { type DoctorRecord, doctorRecord } from './doctor-record.ts';
import { replaceFile } from './store.ts';

const FOLDER = 'doctor';

/** Writes a record as a whole and gives its path. Throws UsageError where the folder cannot be written. */
export function writeDoctorRecord(record: DoctorRecord, outFolder: string): string {
  const folder = join(outFolder, FOLDER);
  const path = join(folder, `${record.id}.json`);
  try {
    makeFolders(folder);
    replaceFile(path, `${JSON.stringify(doctorRecord.parse(record))}\n`);
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot write ${path}: ${code}`, 'Choose another folder with --out.');
  }
  return path;
}

/** The newest measured record of this host; undefined where there is none that can be read. */
export function newestDoctorRecord(outFolder: string, host = hostname()): DoctorRecord | undefined {
  const names = namesIn(join(outFolder, FOLDER)).filter((name) => name.endsWith('.json'));
  for (const name of names.sort().reverse()) {
    const record = readDoctorRecord(join(outFolder, FOLDER, name));
    if (record?.host === host && record.measured !== undefined) return record;
  }
  return undefined;
}

function readDoctorRecord(path: string): DoctorRecord | undefined {
  try {
    return doctorRecord.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
