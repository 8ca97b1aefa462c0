import type { TensorSpec } from '../../execution/tensors.ts';
import { ELEMENT_TYPE, GraphBuilder } from './graph-builder.ts';

const SEED = 2_000_000;
const SIDE = 224;
const CLASSES = 1000;

export const IMAGE_CLASSIFIER_INPUTS: readonly TensorSpec[] = [
  { name: 'image', datatype: 'FP32', shape: [-1, 3, SIDE, SIDE] },
];
/** Rows of pixels as a decoder gives them: 0 to 255, the channels last. */
export const PIXEL_CLASSIFIER_INPUTS: readonly TensorSpec[] = [
  { name: 'image', datatype: 'UINT8', shape: [-1, SIDE, SIDE, 3] },
];
export const IMAGE_CLASSIFIER_OUTPUTS: readonly TensorSpec[] = [
  { name: 'probabilities', datatype: 'FP32', shape: [-1, CLASSES] },
];

/** `class-0001` … `class-1000`: the classes of random weights have no better names. */
export const CLASS_LABELS: readonly string[] = Array.from(
  { length: CLASSES },
  (_, index) => `class-${String(index + 1).padStart(4, '0')}`,
);

/** Red, green, blue: of ImageNet's training images, of values from 0 to 1. */
const IMAGENET = [
  { mean: 0.485, deviation: 0.229 },
  { mean: 0.456, deviation: 0.224 },
  { mean: 0.406, deviation: 0.225 },
] as const;

/** Table 2 of Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018). */
const STAGES = [
  { expansion: 1, channels: 16, repeats: 1, stride: 1 },
  { expansion: 6, channels: 24, repeats: 2, stride: 2 },
  { expansion: 6, channels: 32, repeats: 3, stride: 2 },
  { expansion: 6, channels: 64, repeats: 4, stride: 2 },
  { expansion: 6, channels: 96, repeats: 3, stride: 1 },
  { expansion: 6, channels: 160, repeats: 3, stride: 2 },
  { expansion: 6, channels: 320, repeats: 1, stride: 1 },
] as const;

/** A tensor within the network: its name, channels, and height = width. */
interface Feature {
  readonly name: string;
  readonly channels: number;
  readonly side: number;
}

interface ConvOptions {
  readonly channels: number;
  readonly kernel: 1 | 3;
  readonly stride?: number;
  readonly depthwise?: boolean;
  /** False: a linear bottleneck, without ReLU6. */
  readonly activation?: boolean;
}

/**
 * MobileNetV2 of width 1.0, batch normalisation folded into the convolutions. It computes far more for each weight
 * that it reads than the recommender does, so batching gains little on a CPU: the honest counter-example.
 */
export function imageClassifier(): { graph: GraphBuilder; multiplyAdds: number } {
  return mobileNet(new ConvNet('image-classifier', IMAGE_CLASSIFIER_INPUTS), 'image');
}

/**
 * The same network, weight for weight, behind what prepares an image: pixels scaled by the mean and deviation of
 * ImageNet, and their channels put first.
 */
export function pixelClassifier(): { graph: GraphBuilder; multiplyAdds: number } {
  const network = new ConvNet('image-classifier-pixels', PIXEL_CLASSIFIER_INPUTS);
  return mobileNet(network, network.prepare('image'));
}

function mobileNet(network: ConvNet, image: string): { graph: GraphBuilder; multiplyAdds: number } {
  let feature = network.conv(
    'stem',
    { name: image, channels: 3, side: SIDE },
    { channels: 32, kernel: 3, stride: 2 },
  );
  for (const [stageIndex, stage] of STAGES.entries()) {
    for (let repeat = 0; repeat < stage.repeats; repeat++) {
      const stride = repeat === 0 ? stage.stride : 1;
      const name = `stage${stageIndex + 1}.block${repeat + 1}`;
      feature = network.invertedResidual(name, feature, stage.expansion, stage.channels, stride);
    }
  }
  network.classify(network.conv('head', feature, { channels: 1280, kernel: 1 }));
  return network;
}

class ConvNet {
  readonly graph: GraphBuilder;
  multiplyAdds = 0;
  readonly #clip: readonly string[];

  constructor(name: string, inputs: readonly TensorSpec[]) {
    this.graph = new GraphBuilder(name, SEED, inputs, IMAGE_CLASSIFIER_OUTPUTS);
    this.#clip = [this.graph.constant('zero', 0), this.graph.constant('six', 6)];
  }

  /** (value / 255 - mean) / deviation as one product and one sum, and the channels to the front. */
  prepare(pixels: string): string {
    const { graph } = this;
    const scale = graph.constant(
      'scale',
      IMAGENET.map(({ deviation }) => 1 / (255 * deviation)),
    );
    const shift = graph.constant(
      'shift',
      IMAGENET.map(({ mean, deviation }) => -mean / deviation),
    );
    const values = graph.node('Cast', 'values', [pixels], { to: ELEMENT_TYPE.FP32 });
    const scaled = graph.node('Mul', 'scaled', [values, scale]);
    const shifted = graph.node('Add', 'shifted', [scaled, shift]);
    return graph.node('Transpose', 'prepared', [shifted], { perm: [0, 3, 1, 2] });
  }

  conv(name: string, from: Feature, options: ConvOptions): Feature {
    const { channels, kernel, stride = 1, depthwise = false, activation = true } = options;
    const fanIn = (depthwise ? 1 : from.channels) * kernel * kernel;
    const side = Math.ceil(from.side / stride);
    this.multiplyAdds += side * side * channels * fanIn;
    const weightDims = [channels, depthwise ? 1 : from.channels, kernel, kernel];
    const weight = this.graph.weights(`${name}.weight`, weightDims, Math.sqrt((activation ? 2 : 1) / fanIn));
    const bias = this.graph.weights(`${name}.bias`, [channels], 0.1);
    const padding = kernel === 3 ? 1 : 0;
    const output = this.graph.node('Conv', name, [from.name, weight, bias], {
      group: depthwise ? from.channels : 1,
      kernel_shape: [kernel, kernel],
      pads: [padding, padding, padding, padding],
      strides: [stride, stride],
    });
    if (!activation) return { name: output, channels, side };
    return { name: this.graph.node('Clip', `${name}.relu6`, [output, ...this.#clip]), channels, side };
  }

  /** Expand by 1x1, filter each channel by 3x3, project by 1x1; add the input where the shapes agree. */
  invertedResidual(
    name: string,
    from: Feature,
    expansion: number,
    channels: number,
    stride: number,
  ): Feature {
    const wide =
      expansion === 1
        ? from
        : this.conv(`${name}.expand`, from, { channels: from.channels * expansion, kernel: 1 });
    const filtered = this.conv(`${name}.depthwise`, wide, {
      channels: wide.channels,
      kernel: 3,
      stride,
      depthwise: true,
    });
    const projected = this.conv(`${name}.project`, filtered, { channels, kernel: 1, activation: false });
    if (stride !== 1 || from.channels !== channels) return projected;
    return { ...projected, name: this.graph.node('Add', `${name}.add`, [from.name, projected.name]) };
  }

  classify(from: Feature): void {
    this.multiplyAdds += from.channels * CLASSES;
    const pooled = this.graph.node('GlobalAveragePool', 'pool', [from.name]);
    const flat = this.graph.node('Flatten', 'flat', [pooled], { axis: 1 });
    const weight = this.graph.weights(
      'classifier.weight',
      [from.channels, CLASSES],
      Math.sqrt(1 / from.channels),
    );
    const bias = this.graph.weights('classifier.bias', [CLASSES], 0.1);
    const logits = this.graph.node('Gemm', 'logits', [flat, weight, bias]);
    this.graph.node('Softmax', 'probabilities', [logits], { axis: 1 });
  }
}
