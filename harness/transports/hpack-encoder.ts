import { STATIC_TABLE } from './hpack-static-table.ts';

/**
 * A header block that depends on no earlier one: literals, never indexed dynamically, so it is encoded once and sent
 * with every request on every connection. Throws nothing; names must be lower case.
 */
export function encodeHeaders(headers: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(headers.map(([name, value]) => encodeField(name, value)));
}

const INDEXED = 0x80;
const LITERAL = 0x00;

function encodeField(name: string, value: string): Buffer {
  const whole = STATIC_TABLE.findIndex((entry) => entry.name === name && entry.value === value) + 1;
  if (whole > 0 && value !== '') return integer(whole, 7, INDEXED);
  const named = STATIC_TABLE.findIndex((entry) => entry.name === name) + 1;
  const start = integer(named, 4, LITERAL);
  return Buffer.concat(named > 0 ? [start, text(value)] : [start, text(name), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/** RFC 7541, section 5.1: as much as fits into `prefix` bits, the rest in groups of seven, lowest first. */
function integer(value: number, prefix: number, first: number): Buffer {
  const most = 2 ** prefix - 1;
  if (value < most) return Buffer.from([first | value]);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
