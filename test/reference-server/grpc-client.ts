import { fileURLToPath } from 'node:url';
import {
  type CallOptions,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  credentials,
  type Metadata,
  Metadata as NewMetadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync, type MethodDefinition } from '@grpc/proto-loader';

const PROTO = fileURLToPath(new URL('../../proto/', import.meta.url).href.replace('/dist/proto/', '/proto/'));

const definitions = loadSync(['open_inference.proto', 'grpc_health.proto'], {
  includeDirs: [PROTO],
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});

/** An answer of any method. */
export type Document = ReturnType<typeof JSON.parse>;

/** grpc-js, with the messages of our own .proto files: what a user's client is. */
export class GrpcClient {
  readonly #client: Client;

  constructor(url: string, options: ChannelOptions = {}, secured = credentials.createInsecure()) {
    this.#client = new Client(new URL(url).host, secured, {
      'grpc.max_receive_message_length': -1,
      ...options,
    });
  }

  call(
    name: string,
    message: object,
    options: CallOptions = {},
    metadata = new NewMetadata(),
  ): Promise<Document> {
    const { path, requestSerialize, responseDeserialize } = methodOf(name);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        metadata,
        options,
        (error, answer) => (error === null ? resolve(answer) : reject(error)),
      );
    });
  }

  /** The call's code and words, which must be an error. */
  async refusal(name: string, message: object, options: CallOptions = {}, metadata = new NewMetadata()) {
    const error = await this.call(name, message, options, metadata).then(
      () => {
        throw new Error(`${name} was answered`);
      },
      (found: ServiceError) => found,
    );
    return { code: error.code, details: error.details };
  }

  stream(name: string, metadata: Metadata = new NewMetadata()): ClientDuplexStream<object, Document> {
    const { path, requestSerialize, responseDeserialize } = methodOf(name);
    return this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
  }

  watch(name: string, message: object) {
    const { path, requestSerialize, responseDeserialize } = methodOf(name);
    return this.#client.makeServerStreamRequest<object, Document>(
      path,
      requestSerialize,
      responseDeserialize,
      message,
    );
  }

  /** A call of bytes as they are. */
  raw(path: string, message: Buffer): Promise<ServiceError | Buffer> {
    const asItIs = (bytes: Buffer): Buffer => bytes;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(path, asItIs, asItIs, message, (error, answer) =>
        resolve(error ?? answer ?? Buffer.alloc(0)),
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}

/** `ModelInfer`, or with its service: `grpc.health.v1.Health/Check`. */
function methodOf(name: string): MethodDefinition<object, object> {
  const [service, method] = name.includes('/') ? name.split('/') : ['inference.GRPCInferenceService', name];
  const found = (definitions[service ?? ''] as Record<string, MethodDefinition<object, object>>)[
    method ?? ''
  ];
  if (found === undefined) throw new Error(`there is no method ${name}`);
  return found;
}
