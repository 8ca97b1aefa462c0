/** THE signature of the server: instance, batcher, pipeline and router produce one; cache and timings wrap one. */
export interface Infer {
  (request: InferRequest, context: InferContext): Promise<InferResponse>;
  /**
   * True: once it has answered, or failed, nobody reads the request's bytes any more, and no answer has any of them.
   * What is made around one says so itself, or it does not hold: a copy for a shadow, an input handed through.
   */
  readonly forgets?: boolean;
}

export interface InferRequest {
  /** Every input carries the same number of rows in its first dimension. */
  readonly inputs: readonly Tensor[];
  readonly rows: number;
  /** Names of the outputs that the caller wants; undefined: all. An answer may hold more. */
  readonly outputs?: readonly string[];
  /** What the caller says to the model beside its inputs. */
  readonly parameters?: Readonly<Record<string, boolean | number | string>>;
}

export interface InferResponse {
  readonly outputs: readonly Tensor[];
}

export interface InferContext {
  /** Milliseconds of performance.now() at which the request's last byte was read. */
  readonly receivedAtMs: number;
  /** Aborted when the caller has gone away; a queued request is then dropped. */
  readonly signal?: AbortSignal;
  /** What the caller asks of the queue; undefined: nothing. */
  readonly queue?: QueueWish;
  /** Written by the layers that the request passes, for the statistics. */
  readonly timings: InferTimings;
}

export interface QueueWish {
  /** 1 is the highest; 0 or none: the model's default. */
  readonly priority?: number;
  /** How long it may wait in the queue; 0 or none: as long as the model's policy says. */
  readonly timeoutMs?: number;
}

export interface InferTimings {
  /** From the entry into the queue until the batch had the instance to itself. */
  queueNs: number;
  /** Around the model's run: stacking the batch's rows and the way into the instance's thread and back. */
  handoverNs: number;
  /** Inside the model's session, for the whole batch. */
  computeNs: number;
  batchRows: number;
  /** Where the answer is from: the two others ran nothing for this request, and it has no handover and no compute. */
  answeredBy: 'model' | 'cache' | 'another request';
  /**
   * How long before this request reached the cache the computation of its answer had begun: what has happened since, the
   * answer does not know. Undefined where it was computed for this request.
   */
  ageMs: number | undefined;
}

/** Element types by their Open Inference Protocol names. */
export const DATATYPES = [
  'BOOL',
  'UINT8',
  'INT8',
  'UINT16',
  'INT16',
  'UINT32',
  'INT32',
  'UINT64',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
  'BYTES',
] as const;
export type Datatype = (typeof DATATYPES)[number];

export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Row-major little-endian bytes; may be a view on a request body (unaligned). */
  readonly data: Uint8Array;
}
