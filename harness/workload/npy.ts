import { readFileSync } from 'node:fs';
import { halfValue } from '../half-float.ts';

/** An array of a `.npy` file; its numbers in row-major order. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly length: number;
  at(index: number): number;
}

type Read = (view: DataView, offset: number) => number;

/** Type code without its byte order -> bytes of an element, and how one is read (little-endian). */
const TYPES: ReadonlyMap<string, readonly [bytes: number, read: Read]> = new Map<
  string,
  readonly [number, Read]
>([
  ['b1', [1, (view, offset) => (view.getUint8(offset) === 0 ? 0 : 1)]],
  ['i1', [1, (view, offset) => view.getInt8(offset)]],
  ['u1', [1, (view, offset) => view.getUint8(offset)]],
  ['i2', [2, (view, offset) => view.getInt16(offset, true)]],
  ['u2', [2, (view, offset) => view.getUint16(offset, true)]],
  ['i4', [4, (view, offset) => view.getInt32(offset, true)]],
  ['u4', [4, (view, offset) => view.getUint32(offset, true)]],
  ['i8', [8, (view, offset) => Number(view.getBigInt64(offset, true))]],
  ['u8', [8, (view, offset) => Number(view.getBigUint64(offset, true))]],
  ['f2', [2, (view, offset) => halfValue(view.getUint16(offset, true))]],
  ['f4', [4, (view, offset) => view.getFloat32(offset, true)]],
  ['f8', [8, (view, offset) => view.getFloat64(offset, true)]],
]);

/**
 * Format versions 1 to 3 (NEP 1 and numpy.lib.format): magic, version, length of the header, a Python literal with
 * `descr`, `fortran_order` and `shape`, then the numbers. Throws Error with what is found and what is allowed.
 */
export function readNpy(path: string): NpyArray {
  return parseNpy(readFileSync(path));
}

export function parseNpy(file: Buffer): NpyArray {
  if (file.length < 10 || file.toString('latin1', 0, 6) !== '\x93NUMPY')
    throw new Error('found no .npy header');
  const [major = 0, minor = 0] = file.subarray(6, 8);
  if (major < 1 || major > 3) throw new Error(`found format version ${major}.${minor}; allowed: 1 to 3`);
  const wide = major > 1;
  const start = wide ? 12 : 10;
  const end = start + (wide ? file.readUInt32LE(8) : file.readUInt16LE(8));
  if (end > file.length) throw new Error('the header is cut off');
  const { type, shape } = parseHeader(file.toString('utf8', start, end));
  const known = TYPES.get(type);
  if (known === undefined) {
    throw new Error(`found numbers of type ${type}; allowed: ${[...TYPES.keys()].join(', ')}`);
  }
  const [bytes, read] = known;
  const length = shape.reduce((product, size) => product * size, 1);
  if (file.length - end !== length * bytes) {
    throw new Error(
      `found ${file.length - end} bytes of numbers; shape (${shape.join(', ')}) needs ${length * bytes}`,
    );
  }
  const view = new DataView(file.buffer, file.byteOffset + end, length * bytes);
  return { shape, length, at: (index) => read(view, index * bytes) };
}

function parseHeader(header: string): { type: string; shape: number[] } {
  const [, descr] = /'descr':\s*'([^']*)'/.exec(header) ?? [];
  const [, order] = /'fortran_order':\s*(True|False)/.exec(header) ?? [];
  const [, sizes] = /'shape':\s*\(([\d,\s]*)\)/.exec(header) ?? [];
  if (descr === undefined || order === undefined || sizes === undefined) {
    throw new Error(`found the header ${header.trim().slice(0, 80)}; allowed: one plain array of numbers`);
  }
  if (order === 'True') throw new Error('found Fortran order; save numpy.ascontiguousarray of it');
  const type = descr.slice(1);
  if (descr.startsWith('>') && !type.endsWith('1')) {
    throw new Error(`found big-endian numbers (${descr}); save them with .astype("<${type}")`);
  }
  return { type, shape: sizes.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)])) };
}
