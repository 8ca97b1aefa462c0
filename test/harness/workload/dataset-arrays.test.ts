import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { halfValue } from '../../../harness/half-float.ts';
import { seededRandom } from '../../../harness/load/random.ts';
import { tensorBytes } from '../../../harness/protocols/tensor-bytes.ts';
import type { ImageSpec, WorkloadSpec } from '../../../harness/scenario/workload-spec.ts';
import type { ModelMetadata } from '../../../harness/targets/target.ts';
import { createWorkload } from '../../../harness/workload/create-workload.ts';
import { coveringPlanes } from '../../../harness/workload/image-pixels.ts';
import { parseNpy } from '../../../harness/workload/npy.ts';
import { splitStrings } from '../../../reference-server/byte-elements.ts';

const root = mkdtempSync(join(tmpdir(), 'arrays-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder = root;
let made = 0;
beforeEach(() => {
  folder = join(root, String(made++));
  mkdirSync(folder);
});

const modelOf = (shape: number[], datatype = 'FP32', name = 'x'): ModelMetadata => ({
  name: 'm',
  inputs: [{ name, datatype, shape }],
  outputs: [],
});

function workloadOf(written: string, model: ModelMetadata, changes: Partial<WorkloadSpec> = {}) {
  const from = { path: join(folder, written), written, sha256: '' };
  const spec: WorkloadSpec = { rows: 1, encoding: 'json', inputs: {}, distinct: 'all', from, ...changes };
  return createWorkload(spec, [model], (stream) => seededRandom(3, stream));
}

/** As NEP 1 and numpy.lib.format lay it out. */
function npy(descr: string, shape: readonly number[], data: Buffer, version = 1, order = 'False'): Buffer {
  const dictionary = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const prefix = version === 1 ? 10 : 12;
  const padded = `${dictionary.padEnd(Math.ceil((prefix + dictionary.length + 1) / 64) * 64 - prefix - 1)}\n`;
  const head = Buffer.alloc(prefix);
  head.write('\x93NUMPY', 'latin1');
  head.writeUInt8(version, 6);
  if (version === 1) head.writeUInt16LE(padded.length, 8);
  else head.writeUInt32LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(padded), data]);
}

const bytesOf = (array: ArrayBufferView) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);

describe('.npy', () => {
  it.each([
    ['|b1', Uint8Array.of(0, 1, 1), [0, 1, 1]],
    ['|i1', Int8Array.of(-128, 0, 127), [-128, 0, 127]],
    ['|u1', Uint8Array.of(0, 7, 255), [0, 7, 255]],
    ['<i2', Int16Array.of(-32768, 1, 32767), [-32768, 1, 32767]],
    ['<u2', Uint16Array.of(0, 1, 65535), [0, 1, 65535]],
    ['<i4', Int32Array.of(-5, 0, 2 ** 31 - 1), [-5, 0, 2 ** 31 - 1]],
    ['<u4', Uint32Array.of(0, 1, 2 ** 32 - 1), [0, 1, 2 ** 32 - 1]],
    ['<i8', BigInt64Array.of(-7n, 0n, 2n ** 40n), [-7, 0, 2 ** 40]],
    ['<u8', BigUint64Array.of(0n, 1n, 2n ** 52n), [0, 1, 2 ** 52]],
    ['<f2', Uint16Array.of(0x3c00, 0xc000, 0x3555), [1, -2, 0.333251953125]],
    ['<f4', Float32Array.of(0.5, -1.25, 3), [0.5, -1.25, 3]],
    ['<f8', Float64Array.of(0.1, -1e300, 3), [0.1, -1e300, 3]],
  ])('reads %s in every version of the header', (descr, data, numbers) => {
    for (const version of [1, 2, 3]) {
      const array = parseNpy(npy(descr, [3], bytesOf(data), version));
      expect(array.shape).toEqual([3]);
      expect([0, 1, 2].map((at) => array.at(at))).toEqual(numbers);
    }
  });

  it('reads the smallest halves, and what is no number', () => {
    expect([0x0001, 0x8000, 0x7bff, 0x7c00, 0xfc00].map(halfValue)).toEqual([
      2 ** -24,
      -0,
      65504,
      Infinity,
      -Infinity,
    ]);
    expect(halfValue(0x7e00)).toBeNaN();
  });

  const two = bytesOf(Float32Array.of(1, 2));
  it.each([
    ['another file', Buffer.from('PK\x03\x04 and more'), /no .npy header/],
    ['Fortran order', npy('<f4', [2], two, 1, 'True'), /Fortran/],
    ['big-endian numbers', npy('>f4', [2], two), /big-endian.*astype\("<f4"\)/],
    ['complex numbers', npy('<c8', [1], two), /type c8; allowed: b1/],
    ['a record', npy("<f4', 'x': '", [2], two).subarray(0, 60), /cut off|header/],
    ['too few bytes', npy('<f4', [3], two), /found 8 bytes.*needs 12/],
    ['a version to come', npy('<f4', [2], two, 4), /version 4.0/],
  ])('refuses %s', (_, file, message) => {
    expect(() => parseNpy(file)).toThrow(message);
  });

  it('cuts the first axis into rows, or takes it as requests where there is one dimension more', () => {
    const twelve = bytesOf(Float32Array.from({ length: 12 }, (_, at) => at));
    writeFileSync(join(folder, 'rows.npy'), npy('<f4', [6, 2], twelve));
    writeFileSync(join(folder, 'requests.npy'), npy('<f4', [2, 3, 2], twelve));
    const rows = workloadOf('rows.npy', modelOf([-1, 2]), { rows: 4 });
    expect(rows.samples).toBe(1);
    expect(rows.sample(0).inputs[0]).toMatchObject({
      shape: [4, 2],
      values: Float64Array.from([0, 1, 2, 3, 4, 5, 6, 7]),
    });
    const requests = workloadOf('requests.npy', modelOf([-1, 2]));
    expect(requests.samples).toBe(2);
    expect(requests.sample(1)).toMatchObject({ rows: 3, inputs: [{ shape: [3, 2] }] });
    expect([...(requests.sample(1).inputs[0]?.values ?? [])]).toEqual([6, 7, 8, 9, 10, 11]);
  });

  it('takes a folder of one array for each input', () => {
    const model = {
      ...modelOf([-1, 2]),
      inputs: [...modelOf([-1, 2]).inputs, ...modelOf([-1], 'INT64', 'ids').inputs],
    };
    writeFileSync(join(folder, 'x.npy'), npy('<f4', [2, 2], bytesOf(Float32Array.of(1, 2, 3, 4))));
    expect(() => workloadOf('.', model)).toThrow(/no ids.npy/);
    writeFileSync(join(folder, 'ids.npy'), npy('<i8', [2], bytesOf(BigInt64Array.of(5n, 6n))));
    expect(
      workloadOf('.', model)
        .sample(1)
        .inputs.map(({ values }) => [...values]),
    ).toEqual([[3, 4], [6]]);
    writeFileSync(join(folder, 'y.npy'), npy('<i8', [2], bytesOf(BigInt64Array.of(5n, 6n))));
    expect(() => workloadOf('.', model)).toThrow(/y.npy is no input/);
  });

  it('refuses what does not fit the model', () => {
    writeFileSync(join(folder, 'a.npy'), npy('<f4', [2, 2], bytesOf(Float32Array.of(1, 2, 3, 4.5))));
    expect(() => workloadOf('a.npy', modelOf([-1, 3]))).toThrow(
      /found shape \[2, 2\]; the model takes \[any, 3\]/,
    );
    expect(() => workloadOf('a.npy', modelOf([-1, 2], 'INT32'))).toThrow(/found 4.5; INT32/);
    expect(() => workloadOf('a.npy', modelOf([-1, 2]), { rows: 3 })).toThrow(/fewer than one request has/);
    expect(() => workloadOf('a.npy', modelOf([1, 2]), { rows: 2 })).toThrow(/exactly 1 rows/);
    expect(() => workloadOf('a.npy', modelOf([-1, 2], 'BYTES'), { encoding: 'binary' })).toThrow(/BYTES/);
  });

  const hasNumpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;
  it.skipIf(!hasNumpy)('reads what numpy writes (skipped without python3-numpy)', () => {
    const script = [
      'import numpy as np, sys',
      'for d in ["?","i1","u1","i2","u2","i4","u4","i8","u8","f2","f4","f8"]:',
      '    np.save(sys.argv[1] + "/" + d.replace("?", "b1") + ".npy", np.arange(6).reshape(3, 2).astype(d))',
    ].join('\n');
    execFileSync('python3', ['-c', script, folder]);
    for (const type of ['b1', 'i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8', 'f2', 'f4', 'f8']) {
      const { samples, sample } = workloadOf(`${type}.npy`, modelOf([-1, 2]));
      expect([type, samples, ...(sample(2).inputs[0]?.values ?? [])]).toEqual([
        type,
        3,
        ...(type === 'b1' ? [1, 1] : [4, 5]),
      ]);
    }
  });
});

describe('images', () => {
  /** Left half red, right half blue. */
  function halves(width: number, height: number): Buffer {
    const rgba = Buffer.alloc(width * height * 4);
    for (let at = 0; at < width * height; at++) {
      rgba.set(at % width < width / 2 ? [255, 0, 0, 255] : [0, 0, 255, 255], at * 4);
    }
    return rgba;
  }
  const png = (width: number, height: number) => {
    const image = new PNG({ width, height });
    image.data = halves(width, height);
    return PNG.sync.write(image);
  };
  const bytes: ImageSpec = { scale: 'bytes' };

  it('come out pixel for pixel where no size changes, in both layouts', () => {
    writeFileSync(join(folder, 'a.png'), png(4, 2));
    const first = workloadOf('.', modelOf([-1, 3, 2, 4]), { images: bytes }).sample(0).inputs[0];
    const [red, green, blue] = [
      [255, 255, 0, 0],
      [0, 0, 0, 0],
      [0, 0, 255, 255],
    ].map((row) => [...row, ...row]);
    expect([...(first?.values ?? [])]).toEqual([...(red ?? []), ...(green ?? []), ...(blue ?? [])]);
    const last = workloadOf('.', modelOf([-1, 2, 4, 3], 'UINT8')).sample(0).inputs[0];
    expect([...(last?.values ?? [])].slice(0, 12)).toEqual([255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255]);
  });

  it('are scaled by the values that the model was trained with', () => {
    writeFileSync(join(folder, 'a.png'), png(2, 1));
    const values = (scale: ImageSpec['scale']) =>
      [
        ...(workloadOf('.', modelOf([-1, 3, 1, 2]), { images: { scale } }).sample(0).inputs[0]?.values ?? []),
      ].slice(0, 2);
    expect(values('unit')).toEqual([1, 0]);
    expect(values('signed')).toEqual([1, -1]);
    expect(values('imagenet')[0]).toBeCloseTo((1 - 0.485) / 0.229, 5);
    expect(values('imagenet')[1]).toBeCloseTo(-0.485 / 0.229, 5);
    const grey = workloadOf('.', modelOf([-1, 1, 1, 2]), { images: bytes }).sample(0).inputs[0];
    expect(grey?.values[0]).toBeCloseTo(255 * 0.299, 3);
  });

  it('decode from JPEG within its loss', () => {
    const { data } = jpeg.encode({ width: 32, height: 16, data: halves(32, 16) }, 95);
    writeFileSync(join(folder, 'b.jpg'), data);
    const { values = [] } = workloadOf('.', modelOf([-1, 16, 32, 3], 'UINT8')).sample(0).inputs[0] ?? {};
    const pixel = (x: number) => [0, 1, 2].map((channel) => values[(5 * 32 + x) * 3 + channel] ?? 0);
    for (const [x, wanted] of [
      [3, [255, 0, 0]],
      [28, [0, 0, 255]],
    ] as const)
      for (const [channel, value] of pixel(x).entries())
        expect(Math.abs(value - (wanted[channel] ?? 0))).toBeLessThan(8);
  });

  it('shrink by averaging all that a pixel covers, and keep the middle', () => {
    const wide = { width: 8, height: 2, rgba: halves(8, 2) };
    const [red] = coveringPlanes(wide, 2, 2);
    // Scaled by 1: the two middle columns, one of each half.
    expect([...(red ?? [])]).toEqual([255, 0, 255, 0]);
    const flat = { width: 6, height: 6, rgba: new Uint8Array(144).fill(100) };
    for (const plane of coveringPlanes(flat, 2, 2))
      for (const value of plane) expect(value).toBeCloseTo(100, 4);
    for (const plane of coveringPlanes(flat, 13, 13))
      for (const value of plane) expect(value).toBeCloseTo(100, 4);
    const [small] = coveringPlanes({ width: 4, height: 4, rgba: halves(4, 4) }, 2, 2);
    // Triangle of width two around centre 1: 0.25, 0.75, 0.75, 0.25 of pixels 0 to 2, renormalised at the border.
    expect(small?.[0]).toBeCloseTo((255 * (0.75 + 0.75)) / (0.75 + 0.75 + 0.25), 3);
  });

  it('go as they are to a model that takes files, each behind its length', () => {
    const [one, two] = [png(3, 2), Buffer.from('not looked at')];
    writeFileSync(join(folder, 'a.png'), one);
    writeFileSync(join(folder, 'b.jpg'), two);
    const files = modelOf([-1, 1], 'BYTES');
    const { rows, inputs } = workloadOf('.', files, { rows: 2, encoding: 'binary' }).sample(0);
    expect([rows, inputs[0]?.datatype, inputs[0]?.shape]).toEqual([2, 'BYTES', [2, 1]]);
    const tensor = tensorBytes('BYTES', inputs[0]?.values ?? new Float64Array());
    expect(splitStrings(tensor)?.map((each) => Buffer.from(each))).toEqual([one, two]);
    expect(() => workloadOf('.', files)).toThrow(/cannot be sent as JSON/);
    expect(() => workloadOf('.', modelOf([-1, 2], 'BYTES'))).toThrow(/image files need \[rows, 1\]/);
    expect(() => workloadOf('.', files, { rows: 3, encoding: 'binary' })).toThrow(
      /found 2 images, fewer than one request/,
    );
  });

  it('are refused with every reason at once', () => {
    writeFileSync(join(folder, 'a.png'), png(2, 2));
    writeFileSync(join(folder, 'b.png'), 'no image');
    writeFileSync(join(folder, 'c.jpg'), 'no image either');
    expect(() => workloadOf('.', modelOf([-1, 3, 2, 2]))).toThrow(
      /b.png cannot be decoded[\s\S]*c.jpg cannot be decoded/,
    );
    expect(() => workloadOf('.', modelOf([-1, 10]))).toThrow(/images need one input/);
    expect(() => workloadOf('.', modelOf([-1, 3, -1, -1]))).toThrow(/images need one input/);
    expect(() => workloadOf('.', modelOf([-1, 3, 40_000, 40_000]))).toThrow(/all that is held/);
  });
});
