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
    about: 'dense 1024-4096-4096-100, 85 MB: waits for memory at one row, so batching pays',
    inputs: ['features'],
  },
  'image-classifier': {
    about: 'MobileNetV2, 3x224x224, 1,000 classes: computes at one row, batching gains little',
    inputs: ['image'],
  },
  'image-classifier-pixels': {
    about: 'the same from pixels of 0 to 255, which its own graph prepares',
    inputs: ['image'],
  },
  'text-sentiment': {
    about: 'transformer, 2 layers, up to 64 tokens: batching gains more the shorter the texts',
    inputs: ['input_ids', 'attention_mask'],
  },
  'demand-forecast': {
    about: 'GRU of 256 units, 28 days in, 7 out: batching gives two to three times as much',
    inputs: ['history'],
  },
};
