import { basename } from 'node:path';
import { samplesIn } from '../scenario/dataset-files.ts';
import type { ImageSpec } from '../scenario/workload-spec.ts';
import type { ModelMetadata } from '../targets/target.ts';
import { encodedImages, takesFiles } from './dataset-encoded-images.ts';
import type { DatasetOptions, Entry } from './dataset-entries.ts';
import { type DatasetProblems, datatypeProblem, shapeText, storeFor } from './dataset-tensors.ts';
import { coveringPlanes, readImage } from './image-pixels.ts';
import { cutRows, rowsProblem } from './row-table.ts';

interface Layout {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Channels before height and width, as PyTorch has it; else behind, as TensorFlow has it. */
  readonly channelsFirst: boolean;
}

/** Red, green, blue: the mean and deviation of ImageNet's training images, of values from 0 to 1. */
const IMAGENET = [
  [0.485, 0.229],
  [0.456, 0.224],
  [0.406, 0.225],
] as const;

/**
 * A folder of PNG and JPEG files, by name, one row each: scaled to cover the model's height and width, the middle cut
 * out, in the layout of its shape. Whole-number inputs take 0 to 255; a model of one channel takes the brightness; one
 * that takes bytes gets the files as they are.
 */
export function readImages(options: DatasetOptions, problems: DatasetProblems): readonly Entry[] {
  const { model, rows } = options;
  const files = samplesIn(options.path).filter((file) => !file.toLowerCase().endsWith('.npy'));
  const [input] = model.inputs;
  if (input !== undefined && takesFiles(model.inputs)) {
    if (options.encoding === 'json')
      problems.add('image files cannot be sent as JSON: set workload.encoding to binary');
    return encodedImages(input, files, rows, problems);
  }
  const layout = layoutOf(model, problems);
  if (layout === undefined || input === undefined) return [];
  const why = rowsProblem(input, rows);
  if (why !== undefined) problems.add(why);
  const size = layout.channels * layout.height * layout.width;
  const bytes = files.length * size * storeFor(input.datatype, 0).BYTES_PER_ELEMENT;
  if (!problems.hold(bytes)) return [];
  const values = storeFor(input.datatype, files.length * size);
  const scaled = scaler(options.images.scale, input.datatype);
  for (const [at, file] of files.entries()) {
    try {
      const planes = coveringPlanes(readImage(file), layout.width, layout.height);
      place(planes, layout, (offset, channel, value) => {
        values[at * size + offset] = scaled(value, channel);
      });
    } catch (error) {
      problems.add(
        `${basename(file)} cannot be decoded: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  if (problems.count > 0) return [];
  const column = { name: input.name, datatype: input.datatype, rowShape: input.shape.slice(1), values };
  return cutRows(files.length, [column], [], rows, problems);
}

function layoutOf({ inputs }: ModelMetadata, problems: DatasetProblems): Layout | undefined {
  const [input, ...others] = inputs;
  const [, first = -1, second = -1, third = -1] = input?.shape ?? [];
  const isImage = input?.shape.length === 4 && others.length === 0;
  const channelsFirst = first === 1 || first === 3;
  const channelsLast = third === 1 || third === 3;
  const [channels, height, width] = channelsFirst ? [first, second, third] : [third, first, second];
  if (input === undefined || !isImage || !(channelsFirst || channelsLast) || height < 1 || width < 1) {
    const found = inputs.map(({ name, shape }) => `${name} ${shapeText(shape)}`).join(', ');
    problems.add(
      `the model takes ${found}; images need one input [rows, 1 or 3, height, width] or [rows, height, width, 1 or 3]`,
    );
    return undefined;
  }
  const unknown = datatypeProblem(input.datatype);
  if (unknown !== undefined) {
    problems.add(unknown);
    return undefined;
  }
  return { channels, height, width, channelsFirst };
}

function scaler(scale: ImageSpec['scale'], datatype: string): (value: number, channel: number) => number {
  if (!datatype.startsWith('FP')) return (value) => Math.round(value);
  switch (scale) {
    case 'unit':
      return (value) => value / 255;
    case 'signed':
      return (value) => value / 127.5 - 1;
    case 'bytes':
      return (value) => value;
    case 'imagenet':
      return (value, channel) => {
        const [mean, deviation] = IMAGENET[channel] ?? IMAGENET[0];
        return (value / 255 - mean) / deviation;
      };
  }
}

/** Calls `put` with every value and where it stands in one row of the tensor. */
function place(
  planes: readonly Float32Array[],
  { channels, height, width, channelsFirst }: Layout,
  put: (offset: number, channel: number, value: number) => void,
): void {
  const pixels = height * width;
  for (let channel = 0; channel < channels; channel++) {
    for (let at = 0; at < pixels; at++) {
      const value = channels === 1 ? brightness(planes, at) : (planes[channel]?.[at] ?? 0);
      put(channelsFirst ? channel * pixels + at : at * channels + channel, channel, value);
    }
  }
}

/** ITU-R BT.601. */
function brightness([red, green, blue]: readonly Float32Array[], at: number): number {
  return 0.299 * (red?.[at] ?? 0) + 0.587 * (green?.[at] ?? 0) + 0.114 * (blue?.[at] ?? 0);
}
