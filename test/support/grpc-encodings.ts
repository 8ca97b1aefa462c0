import { type ClientDuplexStream, compressionAlgorithms } from '@grpc/grpc-js';
import { type Document, GrpcClient } from '../reference-server/grpc-client.ts';
import {
  ALL_CLASSES,
  type Answered,
  bytesOf,
  floatsFrom,
  type Payload,
  type Send,
  unclassified,
} from './payloads.ts';

/** Every encoding of the gRPC door; the streamed ones share one stream, and find their answers by id. */
export class GrpcEncodings {
  readonly #client: GrpcClient;
  readonly #packing: GrpcClient;
  readonly #stream: ClientDuplexStream<object, Document>;
  readonly #waiting = new Map<string, (answer: Document) => void>();
  #over: string | undefined;
  #sent = 0;

  constructor(url: string) {
    this.#client = new GrpcClient(url);
    const gzip = compressionAlgorithms.gzip;
    this.#packing = new GrpcClient(url, { 'grpc.default_compression_algorithm': gzip });
    this.#stream = this.#client.stream('ModelStreamInfer');
    this.#stream.on('data', (answer) => {
      const { id } = answer.infer_response;
      const resolve = this.#waiting.get(id);
      this.#waiting.delete(id);
      resolve?.(answer);
    });
    this.#stream.on('error', (error) => this.#streamEnded(`the stream ended: ${error.message}`));
    this.#stream.on('end', () => this.#streamEnded('the stream ended'));
  }

  close(): void {
    this.#stream.end();
    this.#client.close();
    this.#packing.close();
  }

  readonly all: Readonly<Record<string, Send>> = {
    'gRPC typed': (payload) => this.#asked(this.#client, typed(payload), payload),
    'gRPC raw': (payload) => this.#asked(this.#client, raw(payload), payload),
    'gRPC raw, gzip': (payload) => this.#asked(this.#packing, raw(payload), payload),
    'gRPC classes': (payload) => {
      const parameters = { classification: { int64_param: ALL_CLASSES } };
      const outputs = [{ name: payload.output, parameters }];
      return this.#asked(this.#client, { ...typed(payload), outputs }, payload);
    },
    'gRPC typed on a stream': (payload) => this.#streamed(typed(payload), payload),
    'gRPC raw on a stream': (payload) => this.#streamed(raw(payload), payload),
  };

  async #asked(client: GrpcClient, message: object, payload: Payload): Promise<Answered> {
    return answered(await client.call('ModelInfer', message), payload);
  }

  async #streamed(message: object, payload: Payload): Promise<Answered> {
    if (this.#over !== undefined) throw new Error(this.#over);
    this.#sent += 1;
    const id = `on the stream ${this.#sent}`;
    const heard = new Promise<Document>((resolve) => this.#waiting.set(id, resolve));
    this.#stream.write({ ...message, id });
    const { error_message: error, infer_response: answer } = await heard;
    if (error !== '') throw new Error(error);
    return answered(answer, payload);
  }

  #streamEnded(words: string): void {
    this.#over ??= words;
    for (const resolve of this.#waiting.values()) resolve({ error_message: words });
    this.#waiting.clear();
  }
}

function tensor({ input, shape }: Payload) {
  return { name: input, datatype: 'FP32', shape };
}

function typed(payload: Payload) {
  const contents = { fp32_contents: payload.values };
  return { model_name: payload.model, inputs: [{ ...tensor(payload), contents }] };
}

function raw(payload: Payload) {
  const raw_input_contents = [bytesOf(payload)];
  return { model_name: payload.model, model_version: '1', inputs: [tensor(payload)], raw_input_contents };
}

function answered({ outputs, raw_output_contents }: Document, payload: Payload): Answered {
  return { rows: payload.shape[0] ?? 0, numbers: numbersIn(outputs[0], raw_output_contents[0], payload) };
}

function numbersIn({ datatype, contents }: Document, bytes: Buffer | undefined, payload: Payload) {
  if (bytes !== undefined) return floatsFrom(bytes);
  if (datatype !== 'BYTES') return contents.fp32_contents;
  return unclassified(contents.bytes_contents.map(String), payload);
}
