import { decode as decodeJpeg } from 'jpeg-js';
import { PNG } from 'pngjs';
import { invalid } from '../errors.ts';

/** 8 bits each of red, green, blue and alpha, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

const PNG_START = [0x89, 0x50, 0x4e, 0x47] as const;
const BYTES_PER_PIXEL = 16;

/**
 * The pixels of a PNG or JPEG file. Throws an `invalid` ServingError for anything else, and for a picture of more than
 * `mostPixels`: a few bytes may stand for gigabytes of them.
 */
export function decodePicture(file: Uint8Array, mostPixels: number): Picture {
  const buffer = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const isPng = PNG_START.every((byte, at) => buffer[at] === byte);
  if (!isPng && !(buffer[0] === 0xff && buffer[1] === 0xd8)) {
    throw invalid('is neither a PNG nor a JPEG file');
  }
  const megapixels = mostPixels / 1e6;
  try {
    if (isPng) {
      refuseLarge(buffer, mostPixels);
      const { width, height, data } = PNG.sync.read(buffer);
      return { width, height, rgba: data };
    }
    const { width, height, data } = decodeJpeg(buffer, {
      useTArray: true,
      formatAsRGBA: true,
      maxResolutionInMP: megapixels,
      maxMemoryUsageInMB: Math.max(64, Math.ceil(megapixels * BYTES_PER_PIXEL)),
    });
    return { width, height, rgba: data };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`is an image that cannot be decoded: ${reason}`);
  }
}

/** Width and height stand first in a PNG file. */
function refuseLarge(buffer: Buffer, mostPixels: number): void {
  if (buffer.byteLength < 24) throw new Error('it ends within its head');
  const pixels = buffer.readUInt32BE(16) * buffer.readUInt32BE(20);
  if (pixels > mostPixels) throw new Error(`it has ${pixels} pixels, ${mostPixels} are allowed`);
}
