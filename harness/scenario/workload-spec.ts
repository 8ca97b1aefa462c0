/** What one class of requests asks for. Without a mix there is one, named `all`. */
export interface PayloadSpec {
  /** Rows per request: one number, or several with their shares. A file whose entries have rows of their own ignores it. */
  readonly rows: number | readonly RowShare[];
  /** JSON or the binary tensor extension. */
  readonly encoding: 'json' | 'binary';
  /** Input name -> distribution, as written: `normal(0, 1)`, `uniform(0, 1)`, `ints(0, 30521)`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Input name -> its shape after the rows, for inputs with variable dimensions. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** `all`: no payload twice. A number: that many distinct payloads in turn. */
  readonly distinct: 'all' | number;
  /** How often each payload comes; absent: as `distinct` says. */
  readonly keys?: KeysSpec;
  /** A file or folder of real inputs instead of drawn ones. */
  readonly from?: DatasetSpec;
  /** What the values of images become. */
  readonly images?: ImageSpec;
}

export interface WorkloadSpec extends PayloadSpec {
  /** Several classes at once, each with its share of the requests; shares sum to 1. */
  readonly mix?: readonly ClassSpec[];
  readonly validate?: ValidateSpec;
  /** Mean times between two changes of what lies behind a payload: how many answers were stale is told for each. */
  readonly changeEveryMs?: readonly number[];
}

export interface ClassSpec extends PayloadSpec {
  readonly name: string;
  readonly share: number;
  /** Absent: the model of the target. */
  readonly model?: string;
}

export interface RowShare {
  readonly rows: number;
  readonly share: number;
}

export type KeysSpec =
  /** P(k) proportional to 1 / k^s over `keys` payloads; s = 0 is uniform. `keys` absent: all that a file holds. */
  | { readonly distribution: 'zipf'; readonly s: number; readonly keys?: number }
  | { readonly distribution: 'uniform'; readonly keys?: number }
  | { readonly distribution: 'once' };

export interface DatasetSpec {
  /** Absolute; neither hashed nor recorded. */
  readonly path: string;
  /** As the scenario says it. */
  readonly written: string;
  /** SHA-256 (hex) of the file, or of a folder's names and files. */
  readonly sha256: string;
}

export const IMAGE_SCALES = ['imagenet', 'unit', 'signed', 'bytes'] as const;
export interface ImageSpec {
  /** imagenet: per-channel mean and deviation of ImageNet; unit: 0 to 1; signed: -1 to 1; bytes: 0 to 255. */
  readonly scale: (typeof IMAGE_SCALES)[number];
}

/** Answers compared with what they should be. */
export interface ValidateSpec {
  /** The share of the requests whose answer is compared. */
  readonly share: number;
  /** |found - expected| <= tolerance x max(1, |expected|) for every number. */
  readonly tolerance: number;
}
