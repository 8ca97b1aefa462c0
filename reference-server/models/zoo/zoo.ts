import type { TensorSpec } from '../../execution/tensors.ts';
import type { LimitsByInput } from '../input-limits.ts';
import { DEMAND_FORECAST_INPUTS, DEMAND_FORECAST_OUTPUTS, demandForecast } from './demand-forecast.ts';
import type { GraphBuilder } from './graph-builder.ts';
import {
  CLASS_LABELS,
  IMAGE_CLASSIFIER_INPUTS,
  IMAGE_CLASSIFIER_OUTPUTS,
  imageClassifier,
  PIXEL_CLASSIFIER_INPUTS,
  pixelClassifier,
} from './image-classifier.ts';
import { RECOMMENDER_INPUTS, RECOMMENDER_OUTPUTS, recommender } from './recommender.ts';
import {
  SENTIMENT_LABELS,
  TEXT_SENTIMENT_EXAMPLES,
  TEXT_SENTIMENT_INPUTS,
  TEXT_SENTIMENT_LIMITS,
  TEXT_SENTIMENT_OUTPUTS,
  textSentiment,
} from './text-sentiment.ts';

/**
 * A bundled model. Its weights are seeded random numbers: it costs what a trained model of its structure costs, and its
 * answers mean nothing. For answers that mean something, point the server at an ONNX file of your own.
 */
export interface ZooModel {
  readonly name: string;
  /** One sentence for people: structure, and what the model is there to show. */
  readonly describe: string;
  /** Numbers that training would have set. */
  readonly parameters: number;
  /** Multiply-and-add operations for one row (of the longest kind), in matrix products and convolutions. */
  readonly multiplyAdds: number;
  /** Of the ONNX file, in hexadecimal. */
  readonly sha256: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** For inputs that take only some values, or have variable dimensions: what a request of ordinary size holds. */
  readonly examples?: Readonly<Record<string, ExampleInput>>;
  /** What inputs take beyond datatypes and shapes. */
  readonly limits?: LimitsByInput;
  /** The name of each class, in the order of the (only) output. */
  readonly labels?: readonly string[];
  /** The bytes of the ONNX file, in order, made as they are asked for. */
  build(): Iterable<Uint8Array>;
}

/** How a load generator may fill an input. Goes out with the model's metadata, as parameters of the input. */
export interface ExampleInput {
  /** `ints(from, to)`, both included: as a scenario of Inferometer writes it. */
  readonly values: string;
  /** Without the rows. */
  readonly shape: readonly number[];
}

export const ZOO: readonly ZooModel[] = [
  {
    name: 'recommender',
    describe:
      'Dense layers 1024-4096-4096-100: waits for memory at batch 1, so batching pays. Seeded random weights.',
    sha256: '1724db65d25094238f86b4b1647ce117bd69aa4cf310d258bf08ca583d6ff0c7',
    inputs: RECOMMENDER_INPUTS,
    outputs: RECOMMENDER_OUTPUTS,
    ...measured(recommender),
  },
  {
    name: 'image-classifier',
    describe:
      'MobileNetV2 on 224x224 images, 1000 classes: busy computing at batch 1, so batching gains little. Seeded random weights.',
    sha256: 'f2b2c8475ff094fff20b119d1f5e64d80cb33d7aec453dce68bb2751cf44cb6c',
    inputs: IMAGE_CLASSIFIER_INPUTS,
    outputs: IMAGE_CLASSIFIER_OUTPUTS,
    labels: CLASS_LABELS,
    ...measured(imageClassifier),
  },
  {
    name: 'image-classifier-pixels',
    describe:
      'The image classifier behind what prepares its images, in one graph: pixels of 0 to 255, channels last. Seeded random weights.',
    sha256: 'e679c532940363784ecca5a72b45d6c1c87857a66de68df65f74da0c6cec2301',
    inputs: PIXEL_CLASSIFIER_INPUTS,
    outputs: IMAGE_CLASSIFIER_OUTPUTS,
    labels: CLASS_LABELS,
    ...measured(pixelClassifier),
  },
  {
    name: 'text-sentiment',
    describe:
      'Transformer encoder of 2 layers, width 128, 4 heads, on texts of up to 64 tokens of 8192: batching gains little on long texts, more on short ones. Seeded random weights.',
    sha256: '56d112095794af27285e9f80dfd522093636b40c8f21b22a107cb50fe65cf828',
    inputs: TEXT_SENTIMENT_INPUTS,
    outputs: TEXT_SENTIMENT_OUTPUTS,
    examples: TEXT_SENTIMENT_EXAMPLES,
    limits: TEXT_SENTIMENT_LIMITS,
    labels: SENTIMENT_LABELS,
    ...measured(textSentiment),
  },
  {
    name: 'demand-forecast',
    describe:
      'GRU of 256 units over 28 days, the next 7 days out: day follows day, so batching gives two to three times the throughput. Seeded random weights.',
    sha256: 'deb80e52696fdf2368337b6f57ce625a64d254f5229d41e57bda8d5d270b67b3',
    inputs: DEMAND_FORECAST_INPUTS,
    outputs: DEMAND_FORECAST_OUTPUTS,
    ...measured(demandForecast),
  },
];

export function zooNames(): string[] {
  return ZOO.map((model) => model.name);
}

/** Empty for models whose inputs take any numbers in a fixed shape, and for models that are not bundled. */
export function exampleInputs(source: string): Readonly<Record<string, ExampleInput>> {
  return ZOO.find((model) => model.name === source)?.examples ?? {};
}

/** What follows from the layers. Describing them takes about a millisecond: no weight is made before `build`. */
function measured(
  describeLayers: () => { graph: GraphBuilder; multiplyAdds: number },
): Pick<ZooModel, 'parameters' | 'multiplyAdds' | 'build'> {
  const { graph, multiplyAdds } = describeLayers();
  return { parameters: graph.parameters, multiplyAdds, build: () => graph.file() };
}
