import { isIP } from 'node:net';
import type { Address } from './byte-stream.ts';
import { AF_INET, AF_INET6, AF_UNIX } from './linux-calls.ts';

const MOST_PATH_BYTES = 107;

/** `struct sockaddr_in`, `_in6` or `_un`; undefined for a name that is no address, and a path that is too long. */
export function socketAddress(address: Address): Buffer | undefined {
  if ('path' in address) return unixAddress(address.path);
  const { host, port } = address;
  const zoneless = host.split('%')[0] ?? host;
  if (isIP(zoneless) === 4) {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16LE(AF_INET, 0);
    bytes.writeUInt16BE(port, 2);
    zoneless.split('.').forEach((part, index) => {
      bytes[4 + index] = Number(part);
    });
    return bytes;
  }
  if (isIP(zoneless) !== 6 || zoneless !== host) return undefined;
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  groupsOf(zoneless).forEach((group, index) => {
    bytes.writeUInt16BE(group, 8 + 2 * index);
  });
  return bytes;
}

function unixAddress(path: string): Buffer | undefined {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length > MOST_PATH_BYTES || name.includes(0)) return undefined;
  const bytes = Buffer.alloc(2 + name.length + 1);
  bytes.writeUInt16LE(AF_UNIX, 0);
  name.copy(bytes, 2);
  return bytes;
}

/** The eight groups of an IPv6 address; `::` stands for as many zeros as lack, a dotted quad for the last two. */
function groupsOf(address: string): number[] {
  const quad = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const [a = 0, b = 0, c = 0, d = 0] = (quad ?? []).slice(1).map(Number);
  const hex = (value: number): string => value.toString(16);
  const plain = quad === null ? address : address.replace(quad[0], `${hex(a * 256 + b)}:${hex(c * 256 + d)}`);
  const [before = '', after] = plain.split('::');
  const head = before === '' ? [] : before.split(':');
  const tail = after === undefined || after === '' ? [] : after.split(':');
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16));
}
