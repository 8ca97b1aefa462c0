import { hostname } from 'node:os';
import { findings } from '../doctor/findings.ts';
import { gatherReadings } from '../doctor/gather.ts';
import { measureMachine } from '../doctor/measure.ts';
import { EXIT, type ExitCode, TargetError } from '../errors.ts';
import { packageVersion } from '../package-files.ts';
import { DOCTOR_FORMAT_VERSION, type DoctorMeasured, type DoctorRecord } from '../record/doctor-record.ts';
import { writeDoctorRecord } from '../record/doctor-store.ts';
import { isMissing } from '../record/figures.ts';
import { doctorText } from '../terminal/doctor.ts';

export interface DoctorArguments {
  readonly measure: boolean;
  readonly json: boolean;
  readonly out: string;
}

/** Checks the machine and, with `measure`, what it can measure. A first Ctrl-C stops it, and nothing is kept. */
export async function doctorCommand({ measure, json, out }: DoctorArguments): Promise<ExitCode> {
  const at = new Date();
  const record: DoctorRecord = {
    formatVersion: DOCTOR_FORMAT_VERSION,
    id: at.toISOString().slice(0, 19).replaceAll(':', ''),
    at: at.toISOString(),
    host: hostname(),
    version: packageVersion(),
    findings: findings(await gatherReadings()),
  };
  if (!measure) {
    print(json ? JSON.stringify(record, null, 2) : doctorText(record));
    return EXIT.ok;
  }
  if (!json) print(doctorText(record));
  const measured = await measuredUntilInterrupt((what) => {
    if (!json) process.stderr.write(`  measuring: ${what}\n`);
  });
  if (measured === undefined) return EXIT.interrupted;
  const whole = { ...record, measured };
  const path = writeDoctorRecord(whole, out);
  print(json ? JSON.stringify(whole, null, 2) : doctorText(whole, path));
  return isMissing(measured.ceiling.http.perCorePerS) ? EXIT.cannotAnswer : EXIT.ok;
}

async function measuredUntilInterrupt(onStep: (what: string) => void): Promise<DoctorMeasured | undefined> {
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    const measured = await measureMachine({ signal: stop.signal, onStep });
    return stop.signal.aborted ? undefined : measured;
  } catch (error) {
    if (stop.signal.aborted) return undefined;
    throw new TargetError(
      `The server for measuring could not be started: ${error instanceof Error ? error.message : error}`,
      'inferometer doctor, without --measure, says what this machine lacks.',
    );
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
