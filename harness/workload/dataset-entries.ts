import type { PayloadSpec } from '../scenario/workload-spec.ts';
import type { ModelMetadata } from '../targets/target.ts';
import type { DatasetProblems, StoredTensor } from './dataset-tensors.ts';
import type { RowChoice } from './row-choice.ts';
import type { ExpectedTensor } from './workload.ts';

/** What is read, and for whom. */
export interface DatasetOptions {
  readonly path: string;
  /** For messages. */
  readonly written: string;
  readonly model: ModelMetadata;
  /** Entries that name another class are not of this one. */
  readonly className: string;
  /** For files whose entries are single rows. */
  readonly rows: RowChoice;
  readonly images: NonNullable<PayloadSpec['images']>;
  readonly encoding?: 'json' | 'binary';
}

/** One request of a file. */
export interface Entry {
  readonly rows: number;
  readonly inputs: readonly StoredTensor[];
  readonly expected?: readonly ExpectedTensor[];
}

/** Reads one kind of file, and puts into `problems` whatever is wrong with it. */
export type ReadEntries = (options: DatasetOptions, problems: DatasetProblems) => readonly Entry[];
