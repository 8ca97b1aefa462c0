import { readFileSync } from 'node:fs';
import { decode as decodeJpeg } from 'jpeg-js';
import { PNG } from 'pngjs';

/** 8 bits a channel, red, green, blue and alpha, row by row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Throws Error with the decoder's words. */
export function readImage(path: string): Pixels {
  const file = readFileSync(path);
  if (path.toLowerCase().endsWith('.png')) {
    const { width, height, data } = PNG.sync.read(file);
    return { width, height, rgba: data };
  }
  const { width, height, data } = decodeJpeg(file, { useTArray: true, formatAsRGBA: true });
  return { width, height, rgba: data };
}

/**
 * Scaled so that it covers width x height, the middle cut out; three planes of values from 0 to 255. Bilinear, the
 * triangle widened by the factor when it shrinks, so that no pixel is skipped. Transparency is dropped.
 */
export function coveringPlanes(image: Pixels, width: number, height: number): Float32Array[] {
  const scale = Math.max(width / image.width, height / image.height);
  const across = weights(image.width, width, scale);
  const down = weights(image.height, height, scale);
  return [0, 1, 2].map((channel) => {
    const narrow = new Float32Array(image.height * width);
    for (let y = 0; y < image.height; y++) {
      for (let x = 0; x < width; x++) {
        narrow[y * width + x] = weighted(
          across[x],
          (at) => image.rgba[(y * image.width + at) * 4 + channel] ?? 0,
        );
      }
    }
    const plane = new Float32Array(width * height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        plane[y * width + x] = weighted(down[y], (at) => narrow[at * width + x] ?? 0);
      }
    }
    return plane;
  });
}

interface Weights {
  readonly from: number;
  /** Sum to 1. */
  readonly shares: readonly number[];
}

/** For each of `wanted` pixels, which of `given` make it up: pixel centres at halves, the middle of the scaled line. */
function weights(given: number, wanted: number, scale: number): Weights[] {
  const margin = (given * scale - wanted) / 2;
  const reach = Math.max(1, 1 / scale);
  return Array.from({ length: wanted }, (_, at) => {
    const centre = (at + 0.5 + margin) / scale;
    const from = Math.max(0, Math.floor(centre - reach));
    const to = Math.min(given, Math.ceil(centre + reach));
    const raw = Array.from({ length: to - from }, (_, step) =>
      Math.max(0, 1 - Math.abs(from + step + 0.5 - centre) / reach),
    );
    const sum = raw.reduce((total, one) => total + one, 0);
    return { from, shares: raw.map((one) => one / sum) };
  });
}

function weighted(
  { from, shares }: Weights = { from: 0, shares: [] },
  valueAt: (at: number) => number,
): number {
  let sum = 0;
  for (let step = 0; step < shares.length; step++) sum += (shares[step] ?? 0) * valueAt(from + step);
  return sum;
}
