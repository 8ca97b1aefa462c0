/**
 * The models that the reference server brings along, as far as a scenario needs to know them.
 * A test compares this list with the server's own.
 */
export interface BundledModel {
  readonly about: string;
  /** Names of the inputs. */
  readonly inputs: readonly string[];
}

export const BUNDLED_MODELS: Readonly<Record<string, BundledModel>> = {
  recommender: {
    about: 'dense 1024-4096-4096-100, 85 MB; memory-bound at one row, so batching pays several times over',
    inputs: ['features'],
  },
  'image-classifier': {
    about: "MobileNetV2's structure on 3x224x224, 1,000 classes; compute-bound, so batching pays little",
    inputs: ['image'],
  },
  'text-sentiment': {
    about:
      'transformer encoder, 2 layers of width 128, texts of up to 64 of 8,192 tokens; batching pays for short texts',
    inputs: ['input_ids', 'attention_mask'],
  },
  'demand-forecast': {
    about: 'GRU of 256 units, 28 days of 8 figures in, 7 days out; batching about doubles the throughput',
    inputs: ['history'],
  },
};
