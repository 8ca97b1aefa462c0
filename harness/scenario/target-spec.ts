export type TargetSpec = ReferenceTargetSpec | ExternalTargetSpec;

export const PROTOCOLS = ['oip-rest', 'oip-grpc', 'http', 'grpc'] as const;
export type ProtocolName = (typeof PROTOCOLS)[number];

export interface ReferenceTargetSpec {
  readonly kind: 'reference';
  /** A bundled model's name, or a path to the user's own ONNX file. */
  readonly model: string;
  /** Further versions of it by number, none of which runs at the start. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly instances: number;
  /** Intra-op threads per instance. */
  readonly threads: number;
  readonly provider: 'auto' | 'cpu' | 'webgpu' | 'cuda' | 'tensorrt';
  /** Undefined: auto. */
  readonly placement?: 'auto' | 'inline' | 'worker';
  readonly batching: BatchingSpec;
  /** Absent: the scenario does not speak of one, and there is none. */
  readonly cache?: CacheSpec;
  /** Steps around the model, in the words of the server's own configuration. */
  readonly pipeline?: Readonly<Record<string, unknown>>;
  /** Server processes; absent: one. */
  readonly replicas?: number;
  /** What stands before them; absent: requests go straight to the one that there is. */
  readonly balancer?: BalancerSpec;
  /** Absent: oip-rest. */
  readonly protocol?: 'oip-grpc';
  /** Of oip-grpc: requests share a stream for each connection. */
  readonly stream?: true;
  /** Further models that the workload's mix asks, served beside it with the same settings. */
  readonly otherModels?: readonly string[];
}

/** Ours, or a program of this machine; and how it chooses among the replicas. */
export interface BalancerSpec {
  readonly kind: (typeof BALANCERS)[number];
  readonly policy: (typeof BALANCING_POLICIES)[number];
}

export const BALANCERS = ['inferometer', 'haproxy', 'nginx'] as const;
export const BALANCING_POLICIES = ['roundRobin', 'leastInFlight', 'twoChoices'] as const;
export const DEFAULT_BALANCER: BalancerSpec = { kind: 'inferometer', policy: 'leastInFlight' };

export interface BatchingSpec {
  /** 1 switches batching off. */
  readonly maxRows: number;
  readonly maxDelayMs: number;
  /** Bound of the queue in rows; beyond it the server answers 503. */
  readonly maxQueueRows: number;
  /** Batches handed to an instance at once, the running one included. */
  readonly inFlight: number;
  /** Sizes with which a batch leaves at once. */
  readonly preferredRows?: readonly number[];
  /** Sizes that batches are padded to. */
  readonly allowedRows?: readonly number[];
  /** How long a request may wait; undefined: for ever. */
  readonly queueTimeoutMs?: number;
  readonly queueTimeoutAction?: 'reject' | 'defer';
}

/** Whether answers are kept to be given again, and where. */
export type CacheSpec = { readonly kind: 'off' } | LocalCacheSpec | RedisCacheSpec;

interface KeptAnswers {
  /** Absent: as long as there is room. */
  readonly ttlMs?: number;
  readonly singleFlight: boolean;
}

export interface LocalCacheSpec extends KeptAnswers {
  readonly kind: 'local';
  readonly maxBytes: number;
}

export interface RedisCacheSpec extends KeptAnswers {
  readonly kind: 'redis';
  /** Absent: the run starts one for itself, of `maxBytes`. */
  readonly url?: string;
  readonly maxBytes?: number;
  /** The environment variable that holds its password. */
  readonly passwordEnv?: string;
  readonly waitMs?: number;
  /** What its keys begin with; the run chooses it. */
  readonly prefix?: string;
}

export interface ExternalTargetSpec {
  readonly kind: 'external';
  /** http://host:port, https://, grpc://, grpcs:// or unix:/path */
  readonly url: string;
  readonly protocol: ProtocolName;
  /** Of oip-grpc: requests share a stream for each connection. */
  readonly stream?: true;
  /** What is sent, with the protocol `http` or `grpc`. */
  readonly http?: HttpSpec;
  readonly grpc?: GrpcSpec;
  /** The environment variable that holds the bearer token. */
  readonly bearerEnv?: string;
  readonly tls?: TlsSpec;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Further models that the workload's mix asks. */
  readonly otherModels?: readonly string[];
  /** A price-book name of the machine it runs on, when the user says so: `aws/g5.xlarge`. */
  readonly machine?: string;
}

/** PEM files. */
export interface TlsSpec {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure: boolean;
}

/** A request to any HTTP server. */
export interface HttpSpec {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text, or a file that holds it. */
  readonly body?: string;
  readonly bodyFile?: string;
  /** Absent: any status from 200 to 299. */
  readonly expectStatus?: number;
}

/** A call of any gRPC server. */
export interface GrpcSpec {
  /** /package.Service/Method */
  readonly method: string;
  readonly call: 'unary' | 'server-streaming';
  readonly metadata: Readonly<Record<string, string>>;
  /** The encoded message in base64, or a file that holds its bytes; neither: a message without fields. */
  readonly message?: string;
  readonly messageFile?: string;
}
