import { z } from 'zod';
import { asServingError, invalid } from '../../errors.ts';
import type { TensorSpec } from '../../execution/tensors.ts';
import type { Tensor } from '../../infer.ts';
import { decodePicture } from '../image-files.ts';
import { type Fit, resized } from '../resize.ts';
import { StepMisfit, stepKind } from '../step.ts';
import { bytesOf, onlyInput, tensorOf } from '../tensor-values.ts';

/** Red, green, blue: mean and deviation of ImageNet's training images, of values from 0 to 1. */
const IMAGENET = [
  { mean: 0.485, deviation: 0.229 },
  { mean: 0.456, deviation: 0.224 },
  { mean: 0.406, deviation: 0.225 },
] as const;

const SCALES = {
  bytes: (value: number) => value,
  unit: (value: number) => value / 255,
  signed: (value: number) => value / 127.5 - 1,
  imagenet(value: number, channel: number) {
    const { mean, deviation } = IMAGENET[channel] ?? IMAGENET[0];
    return (value / 255 - mean) / deviation;
  },
} as const;

const side = z.int().min(1).max(8192);

/**
 * PNG and JPEG files, one a row, as a model takes them: decoded, resized, their values scaled. [rows, 1] BYTES to
 * FP32 [rows, channels, height, width], or with the channels last.
 */
export const image = stepKind({
  fields: {
    height: side,
    width: side,
    /** 1: the brightness. */
    channels: z.union([z.literal(1), z.literal(3)]).default(3),
    layout: z.enum(['channels-first', 'channels-last']).default('channels-first'),
    /** `cover` keeps the proportions and cuts out the middle. */
    fit: z.enum(['cover', 'stretch']).default('cover'),
    /** What 0 to 255 becomes: by the mean and deviation of ImageNet, 0 to 1, -1 to 1, or itself. */
    scale: z.enum(['imagenet', 'unit', 'signed', 'bytes']).default('imagenet'),
    /** Pictures with more are refused before they are decoded. */
    mostPixels: z.int().min(1).max(1e9).default(16_777_216),
  },
  fit(declared, { takes }) {
    const input = fileInput(takes);
    const { height, width, channels, layout, mostPixels } = declared;
    const first = layout === 'channels-first';
    const rowShape = first ? [channels, height, width] : [height, width, channels];
    const size = channels * height * width;
    const scale = SCALES[declared.scale];
    return {
      gives: [{ datatype: 'FP32', shape: [input.shape[0] ?? -1, ...rowShape] }],
      run([tensor]) {
        const files = bytesOf(tensor as Tensor);
        const made = new Float32Array(files.length * size);
        for (const [row, file] of files.entries()) {
          const planes = planesOf(file, row, { height, width, channels, mostPixels, fit: declared.fit });
          put(planes, made.subarray(row * size, (row + 1) * size), first, scale);
        }
        return [tensorOf('FP32', [files.length, ...rowShape], made)];
      },
    };
  },
});

function fileInput(takes: readonly TensorSpec[]): TensorSpec {
  const input = onlyInput(takes);
  if (input.datatype === 'BYTES' && input.shape.slice(1).every((size) => size === 1)) return input;
  const found = `'${input.name}' is ${input.datatype} [${input.shape}]`;
  throw new StepMisfit(`takes one file a row, BYTES [rows, 1], and ${found}`);
}

interface Wanted {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
  readonly fit: Fit;
  readonly mostPixels: number;
}

function planesOf(file: Uint8Array, row: number, wanted: Wanted): readonly Float32Array[] {
  const { height, width, channels, fit, mostPixels } = wanted;
  try {
    const planes = resized(decodePicture(file, mostPixels), width, height, fit);
    return channels === 1 ? [brightness(planes)] : planes;
  } catch (error) {
    throw invalid(`row ${row} ${asServingError(error).message}`);
  }
}

/** ITU-R BT.601. */
function brightness([red, green, blue]: readonly Float32Array[]): Float32Array {
  return Float32Array.from(
    red ?? [],
    (value, at) => 0.299 * value + 0.587 * (green?.[at] ?? 0) + 0.114 * (blue?.[at] ?? 0),
  );
}

function put(
  planes: readonly Float32Array[],
  into: Float32Array,
  channelsFirst: boolean,
  scale: (value: number, channel: number) => number,
): void {
  const pixels = planes[0]?.length ?? 0;
  for (const [channel, plane] of planes.entries()) {
    for (let at = 0; at < pixels; at++) {
      const place = channelsFirst ? channel * pixels + at : at * planes.length + channel;
      into[place] = scale(plane[at] ?? 0, channel);
    }
  }
}
