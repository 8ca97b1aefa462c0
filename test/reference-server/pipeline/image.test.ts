import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'jpeg-js';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { coveringPlanes, readImage } from '../../../harness/workload/image-pixels.ts';
import { type Given, runSteps } from './run-steps.ts';

type Paint = (x: number, y: number) => readonly [red: number, green: number, blue: number];

function painted(width: number, height: number, paint: Paint) {
  const data = Buffer.alloc(width * height * 4, 255);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(paint(x, y), (y * width + x) * 4);
  }
  return { width, height, data };
}

function png(width: number, height: number, paint: Paint): Buffer {
  const image = new PNG({ width, height });
  painted(width, height, paint).data.copy(image.data);
  return PNG.sync.write(image);
}

const jpeg = (width: number, height: number, paint: Paint) => encode(painted(width, height, paint), 90).data;

const files = (...each: readonly Uint8Array[]): Given => ({
  datatype: 'BYTES',
  values: each.map((file) => [file]),
});

async function pixels(fields: object, ...given: readonly Uint8Array[]) {
  const declared = { step: 'image', from: 'file', to: 'pixels', scale: 'bytes', ...fields };
  const outputs = await runSteps([declared], { file: files(...given) });
  return outputs.pixels ?? { shape: [], values: [] };
}

const rounded = (values: readonly unknown[], digits: number) =>
  values.map((value) => Number(Number(value).toFixed(digits)));

describe('decoding and layout', () => {
  const two = png(2, 1, (x) => (x === 0 ? [10, 20, 30] : [40, 50, 60]));

  test('channels first, and last', async () => {
    const size = { height: 1, width: 2 };
    expect(await pixels(size, two)).toMatchObject({ shape: [1, 3, 1, 2], values: [10, 40, 20, 50, 30, 60] });
    expect(await pixels({ ...size, layout: 'channels-last' }, two)).toMatchObject({
      shape: [1, 1, 2, 3],
      values: [10, 20, 30, 40, 50, 60],
    });
  });

  test('one channel is the brightness', async () => {
    const { shape, values } = await pixels({ height: 1, width: 2, channels: 1 }, two);
    expect(shape).toEqual([1, 1, 1, 2]);
    expect(rounded(values, 3)).toEqual([18.15, 48.15]);
  });

  test('scales', async () => {
    const one = png(1, 1, () => [255, 0, 51]);
    const scaled = async (scale: string) =>
      rounded((await pixels({ height: 1, width: 1, scale }, one)).values, 4);
    expect(await scaled('unit')).toEqual([1, 0, 0.2]);
    expect(await scaled('signed')).toEqual([1, -1, -0.6]);
    // (1 - 0.485) / 0.229, (0 - 0.456) / 0.224, (0.2 - 0.406) / 0.225
    expect(await scaled('imagenet')).toEqual([2.2489, -2.0357, -0.9156]);
  });

  test('several rows, of different formats and sizes', async () => {
    const grey = jpeg(16, 8, () => [100, 100, 100]);
    const { shape, values } = await pixels({ height: 1, width: 1 }, two, grey);
    expect(shape).toEqual([2, 3, 1, 1]);
    expect(rounded(values, 0).slice(3)).toEqual([100, 100, 100]);
  });
});

describe('resizing', () => {
  test('shrinking counts every pixel', async () => {
    const ramp = png(4, 1, (x) => [x * 10, 0, 0]);
    const { values } = await pixels({ height: 1, width: 2, fit: 'stretch' }, ramp);
    // Triangles twice as wide: weights 3, 3, 1 over pixels 0, 1, 2 from the left.
    expect(rounded(values.slice(0, 2), 4)).toEqual(
      [50 / 7, 160 / 7].map((value) => Number(value.toFixed(4))),
    );
  });

  test('growing interpolates', async () => {
    const edge = png(2, 1, (x) => [x * 100, 0, 0]);
    const { values } = await pixels({ height: 1, width: 4, fit: 'stretch' }, edge);
    expect(rounded(values.slice(0, 4), 4)).toEqual([0, 25, 75, 100]);
  });

  test('cover keeps the proportions and cuts out the middle', async () => {
    const bars = png(6, 2, (x) => [x < 2 ? 200 : x < 4 ? 100 : 0, 0, 0]);
    const { values } = await pixels({ height: 2, width: 2 }, bars);
    expect(values.slice(0, 4)).toEqual([100, 100, 100, 100]);
  });

  describe('is what the harness makes of the same files', () => {
    let folder = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'inferometer-images-'));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test.each([
      ['png', 37, 23],
      ['jpg', 50, 64],
      ['png', 5, 90],
    ])('%s of %d x %d', async (ending, width, height) => {
      const paint: Paint = (x, y) => [(x * 37 + y * 11) % 256, (x * y) % 256, 255 - ((x * 5) % 200)];
      const file = ending === 'png' ? png(width, height, paint) : jpeg(width, height, paint);
      const path = join(folder, `image.${ending}`);
      writeFileSync(path, file);
      const wanted = coveringPlanes(readImage(path), 24, 16).flatMap((plane) => [...plane]);
      const { values } = await pixels({ height: 16, width: 24 }, file);
      const off = values.map((value, at) => Math.abs(Number(value) - (wanted[at] ?? 0)));
      expect(values).toHaveLength(3 * 16 * 24);
      expect(Math.max(...off)).toBeLessThan(1e-3);
    });
  });
});

describe('what is no image is refused, with its row', () => {
  const good = png(1, 1, () => [1, 2, 3]);
  const size = { height: 1, width: 1 };
  /** The head of a PNG that says that it is of 40,000 x 40,000 pixels. */
  const bomb = Buffer.from(good);
  bomb.writeUInt32BE(40_000, 16);
  bomb.writeUInt32BE(40_000, 20);

  test.each([
    ['text', Buffer.from('hello'), 'is neither a PNG nor a JPEG file'],
    ['nothing', Buffer.alloc(0), 'is neither a PNG nor a JPEG file'],
    ['a PNG cut short', good.subarray(0, 20), 'it ends within its head'],
    ['a PNG cut in its data', good.subarray(0, 45), 'cannot be decoded'],
    ['a PNG that stands for gigabytes', bomb, 'it has 1600000000 pixels, 16777216 are allowed'],
    ['a JPEG of nothing', Buffer.from([0xff, 0xd8, 0xff]), 'cannot be decoded'],
  ])('%s', async (_, file, problem) => {
    await expect(pixels(size, good, file)).rejects.toMatchObject({ kind: 'invalid' });
    await expect(pixels(size, good, file)).rejects.toThrow(`the step 'image': row 1 is`);
    await expect(pixels(size, good, file)).rejects.toThrow(problem);
  });

  test('a JPEG with more pixels than are allowed', async () => {
    const large = jpeg(64, 64, () => [0, 0, 0]);
    await expect(pixels({ ...size, mostPixels: 4000 }, large)).rejects.toThrow('cannot be decoded');
    await expect(pixels({ ...size, mostPixels: 5000 }, large)).resolves.toBeDefined();
  });
});
