import type { TensorSpec } from '../../execution/tensors.ts';
import type { GraphBuilder } from './graph-builder.ts';
import {
  CLASS_LABELS,
  IMAGE_CLASSIFIER_INPUTS,
  IMAGE_CLASSIFIER_OUTPUTS,
  imageClassifier,
} from './image-classifier.ts';
import { RECOMMENDER_INPUTS, RECOMMENDER_OUTPUTS, recommender } from './recommender.ts';

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
  /** Multiply-and-add operations for one row, in the convolutions and dense layers. */
  readonly multiplyAdds: number;
  /** Of the ONNX file, in hexadecimal. */
  readonly sha256: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** The name of each class, in the order of the (only) output. */
  readonly labels?: readonly string[];
  /** The bytes of the ONNX file, in order, made as they are asked for. */
  build(): Iterable<Uint8Array>;
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
];

export function zooNames(): string[] {
  return ZOO.map((model) => model.name);
}

/** What follows from the layers. Describing them takes about a millisecond: no weight is made before `build`. */
function measured(
  describeLayers: () => { graph: GraphBuilder; multiplyAdds: number },
): Pick<ZooModel, 'parameters' | 'multiplyAdds' | 'build'> {
  const { graph, multiplyAdds } = describeLayers();
  return { parameters: graph.parameters, multiplyAdds, build: () => graph.file() };
}
