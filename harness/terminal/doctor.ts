import { verdict } from '../doctor/verdict.ts';
import type { DoctorRecord } from '../record/doctor-record.ts';
import { labelled, wrap } from './layout.ts';

const MARK = { ok: 'ok', warn: 'WARN', missing: '-' } as const;
const NAME_WIDTH = 12;
const TEXT_INDENT = ' '.repeat(8 + NAME_WIDTH);

/** The checks; or, once something was measured, what this machine can measure. */
export function doctorText(record: DoctorRecord, path?: string): string {
  return (record.measured === undefined ? checks(record) : verdictLines(record, path)).join('\n');
}

function checks({ version, host, findings }: DoctorRecord): string[] {
  const lines = findings.flatMap(({ id, status, found, advice }) => [
    `  ${MARK[status].padEnd(5)} ${id.padEnd(NAME_WIDTH)}${wrap(found, TEXT_INDENT)}`,
    ...(advice === undefined ? [] : [`${TEXT_INDENT}${wrap(advice, TEXT_INDENT)}`]),
  ]);
  const warnings = findings.filter(({ status }) => status === 'warn').length;
  return [
    `inferometer ${version} · doctor · ${host}`,
    '',
    ...lines,
    '',
    `  ${findings.length} checks, ${warnings} to look at. A dash is something optional that is not here.`,
    ...(warnings === 0 ? [] : ['']),
  ];
}

function verdictLines(record: DoctorRecord, path: string | undefined): string[] {
  const { measured } = record;
  if (measured === undefined) return [];
  const [first = '', ...rest] = verdict(measured);
  return [
    labelled('VERDICT', first),
    ...rest.map((sentence) => labelled('', sentence)),
    '',
    `  kept    ${path ?? 'nowhere'}; runs into the same folder carry it   ${Math.round(measured.tookS)} s`,
  ];
}
