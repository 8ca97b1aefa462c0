import type { Picture } from './image-files.ts';

export type Fit = 'cover' | 'stretch';

/**
 * A picture in another size: red, green and blue as planes of 0 to 255. `cover` keeps the proportions and cuts out the
 * middle, `stretch` does not. Bilinear; where the picture shrinks, the triangle is as much wider, so that every pixel
 * counts.
 */
export function resized(picture: Picture, width: number, height: number, fit: Fit): readonly Float32Array[] {
  const across = width / picture.width;
  const down = height / picture.height;
  const [scaleX, scaleY] =
    fit === 'cover' ? [Math.max(across, down), Math.max(across, down)] : [across, down];
  const columns = tapsOf(picture.width, width, scaleX);
  const lines = tapsOf(picture.height, height, scaleY);
  return [0, 1, 2].map((channel) => {
    const narrow = new Float32Array(picture.height * width);
    for (let y = 0, at = 0; y < picture.height; y++) {
      const line = y * picture.width * 4 + channel;
      for (const { first, shares } of columns) {
        let sum = 0;
        for (let tap = 0; tap < shares.length; tap++) {
          sum += (shares[tap] ?? 0) * (picture.rgba[line + (first + tap) * 4] ?? 0);
        }
        narrow[at++] = sum;
      }
    }
    const plane = new Float32Array(width * height);
    let at = 0;
    for (const { first, shares } of lines) {
      for (let x = 0; x < width; x++) {
        let sum = 0;
        for (let tap = 0; tap < shares.length; tap++) {
          sum += (shares[tap] ?? 0) * (narrow[(first + tap) * width + x] ?? 0);
        }
        plane[at++] = sum;
      }
    }
    return plane;
  });
}

/** Which pixels of a line, from `first` on, a new one is made of, with shares that sum to 1. */
interface Taps {
  readonly first: number;
  readonly shares: Float64Array;
}

/** Centres of pixels lie at halves; what is scaled beyond the wanted length is cut off on both sides alike. */
function tapsOf(given: number, wanted: number, scale: number): readonly Taps[] {
  const cut = (given * scale - wanted) / 2;
  const reach = Math.max(1, 1 / scale);
  return Array.from({ length: wanted }, (_, place) => {
    const centre = (place + 0.5 + cut) / scale;
    const first = Math.max(0, Math.floor(centre - reach));
    const end = Math.min(given, Math.ceil(centre + reach));
    const shares = Float64Array.from({ length: end - first }, (_, tap) =>
      Math.max(0, 1 - Math.abs(first + tap + 0.5 - centre) / reach),
    );
    const sum = shares.reduce((total, share) => total + share, 0);
    return { first, shares: shares.map((share) => share / sum) };
  });
}
