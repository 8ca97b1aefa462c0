import {
  type CallOptions,
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { UsageError } from '../errors.ts';
import type { Prepared, Sink, Template, Transport, TransportOutcome } from './transport.ts';

export interface GrpcJsOptions {
  /** grpc://host:port */
  readonly url: string;
  /** Metadata of every call. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly sink: Sink;
}

interface GrpcJsRequest extends Prepared {
  readonly metadata: Metadata;
}

const CONNECT_TIMEOUT_MS = 5000;
const asItIs = (bytes: Buffer): Buffer => bytes;

/**
 * A peer of our engine: grpc-js, at ten times the CPU a call and more. Unary and server-streaming calls. It does not say
 * when it sends, so a call counts as sent when it is handed over, and waits of its own are in the service time.
 */
export class GrpcJsTransport implements Transport {
  readonly #options: GrpcJsOptions;
  readonly #clients: Client[] = [];
  readonly #calls = new Set<{ cancel(): void }>();
  #closed = false;
  #turn = 0;
  #opened = 0;
  #connectMs = 0;

  constructor(options: GrpcJsOptions) {
    this.#options = options;
  }

  get connectStatistics(): { opened: number; connectMeanMs: number | undefined } {
    const connectMeanMs = this.#opened === 0 ? undefined : this.#connectMs / this.#opened;
    return { opened: this.#opened, connectMeanMs };
  }

  prepare(template: Template): GrpcJsRequest {
    if (template.call === 'bidirectional') {
      throw new UsageError(
        'the transport grpc-js carries unary and server-streaming calls only',
        'Use load.transport: auto for bidirectional calls.',
      );
    }
    const metadata = new Metadata();
    for (const [name, value] of [...Object.entries(this.#options.headers), ...template.headers]) {
      if (name.toLowerCase() !== 'user-agent') metadata.set(name, value);
    }
    return { template, metadata };
  }

  /** Each connection is a client with a channel of its own, taken in turn. */
  async connect(connections: number): Promise<void> {
    await Promise.all(Array.from({ length: Math.max(1, connections) }, () => this.#open()));
  }

  send({ template, metadata }: GrpcJsRequest, slot: number, index: number): void {
    const message = Buffer.concat([template.own, template.shared]);
    template.stamp(message, 0, index);
    const client = this.#clients[this.#turn++ % this.#clients.length];
    const { now, sink, timeoutMs } = this.#options;
    if (client === undefined) {
      sink.end(slot, 'connect-error', now());
      return;
    }
    sink.sent(slot, now());
    const options = { deadline: Date.now() + timeoutMs };
    if (template.call === 'server-streaming') {
      this.#stream(client, template.path, message, metadata, options, slot);
      return;
    }
    const call = client.makeUnaryRequest<Buffer, Buffer>(
      template.path,
      asItIs,
      asItIs,
      message,
      metadata,
      options,
      (error, answer) => {
        this.#calls.delete(call);
        if (answer !== undefined) this.#message(slot, answer);
        this.#end(slot, error);
      },
    );
    this.#calls.add(call);
  }

  close(): void {
    this.#closed = true;
    for (const call of this.#calls) call.cancel();
    for (const client of this.#clients) client.close();
  }

  #stream(
    client: Client,
    path: string,
    message: Buffer,
    metadata: Metadata,
    options: CallOptions,
    slot: number,
  ): void {
    const call = client.makeServerStreamRequest<Buffer, Buffer>(
      path,
      asItIs,
      asItIs,
      message,
      metadata,
      options,
    );
    this.#calls.add(call);
    call.on('data', (answer: Buffer) => this.#message(slot, answer));
    call.on('error', () => {});
    // Its one `status` follows the last message, whether the call went well or not.
    call.on('status', ({ code, details }) => {
      this.#calls.delete(call);
      this.#end(slot, { code, details });
    });
  }

  #message(slot: number, answer: Buffer): void {
    if (this.#closed) return;
    const { now, sink } = this.#options;
    const atMs = now();
    sink.data(slot, answer, 0, answer.length, atMs);
    sink.item?.(slot, atMs);
  }

  #end(slot: number, error: Pick<ServiceError, 'code' | 'details'> | null): void {
    if (this.#closed) return;
    const { now, sink } = this.#options;
    const atMs = now();
    const outcome = error === null ? 'complete' : outcomeOf(error);
    if (outcome === 'complete') sink.head(slot, error?.code ?? status.OK, atMs);
    sink.end(slot, outcome, atMs);
  }

  #open(): Promise<void> {
    const { url, headers, now } = this.#options;
    const options: ChannelOptions = {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.primary_user_agent': headers['User-Agent'] ?? '',
    };
    const client = new Client(new URL(url).host, credentials.createInsecure(), options);
    this.#clients.push(client);
    const startedMs = now();
    return new Promise((resolve) => {
      client.waitForReady(Date.now() + CONNECT_TIMEOUT_MS, (error) => {
        if (error === undefined || error === null) {
          this.#opened += 1;
          this.#connectMs += now() - startedMs;
        }
        resolve();
      });
    });
  }
}

/** It gives its own troubles a status too; only its words tell them from a status that the server sent. */
function outcomeOf({ code, details }: Pick<ServiceError, 'code' | 'details'>): TransportOutcome {
  if (code === status.DEADLINE_EXCEEDED && details.startsWith('Deadline exceeded')) return 'timeout';
  if (code === status.UNAVAILABLE && /^(No connection established|Name resolution)/.test(details)) {
    return 'connect-error';
  }
  if (
    /^(Connection dropped|Received RST_STREAM|Stream refused|Call cancelled|read ECONNRESET|write EPIPE)/.test(
      details,
    )
  ) {
    return 'reset';
  }
  return /message (length|frame)|decompress/i.test(details) && code === status.INTERNAL
    ? 'malformed'
    : 'complete';
}
