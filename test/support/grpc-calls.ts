import type { SocketSource, TlsSettings } from '../../harness/transports/byte-stream.ts';
import { GrpcTransport } from '../../harness/transports/grpc.ts';
import { NodeSockets } from '../../harness/transports/node-sockets.ts';
import type { Sink, Template, TransportOutcome } from '../../harness/transports/transport.ts';
import { GRPC_OUTCOMES } from '../../harness/transports/transport.ts';

export interface CallPlan {
  /** /package.Service/Method */
  readonly path: string;
  readonly calls: number;
  readonly inFlight?: number;
  readonly connections?: number;
  readonly timeoutMs?: number;
  /** Bytes that follow the four with the call's number. */
  readonly shared?: Buffer;
  readonly call?: NonNullable<Template['call']>;
  readonly tls?: TlsSettings;
  /** Those of Node where they are left out; the clock is `performance.now`. */
  readonly sockets?: SocketSource;
  /** Called when so many have ended. */
  readonly onEnded?: (ended: number) => void;
}

export interface CallsMade {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly items: number;
  /** Answers that were not, message by message, what was asked. */
  readonly wrong: number;
  readonly opened: number;
  readonly remarks: readonly string[];
  /** Calls that heard more than one end, or none of `sent` before an answer. */
  readonly outOfOrder: number;
}

/** Makes calls that an echoing server answers with their own bytes, so many at a time, and says what became of them. */
export async function makeCalls(url: string, plan: CallPlan): Promise<CallsMade> {
  const now = (): number => performance.now();
  const echo = new EchoSink(plan);
  const transport = new GrpcTransport({
    url,
    headers: { 'user-agent': 'inferometer-test' },
    connections: plan.connections ?? 1,
    timeoutMs: plan.timeoutMs ?? 10_000,
    now,
    sockets: plan.sockets ?? new NodeSockets(now, plan.tls),
    sink: echo,
  });
  try {
    await transport.connect(plan.connections ?? 1);
    const request = transport.prepare({
      method: 'POST',
      path: plan.path,
      headers: [],
      own: Buffer.alloc(4),
      shared: plan.shared ?? Buffer.alloc(0),
      call: plan.call ?? 'unary',
      correlation: { requestOf: (message, from) => message.readUInt32BE(from), isLast: () => true },
      stamp: (buffer, at, index) => {
        buffer.writeUInt32BE(index, at);
      },
    });
    await echo.run((slot, index) => transport.send(request, slot, index));
    const { opened } = transport.connectStatistics;
    return { ...echo.made(), opened, remarks: transport.remarks };
  } finally {
    transport.close();
  }
}

interface Call {
  index: number;
  sent: boolean;
  open: boolean;
  status: number;
  bytes: Buffer[];
}

class EchoSink implements Sink {
  readonly #plan: CallPlan;
  readonly #calls: Call[] = [];
  readonly #outcomes: Record<string, number> = {};
  #send: (slot: number, index: number) => void = () => {};
  #done: () => void = () => {};
  #begun = 0;
  #ended = 0;
  #items = 0;
  #wrong = 0;
  #outOfOrder = 0;

  constructor(plan: CallPlan) {
    this.#plan = plan;
  }

  run(send: (slot: number, index: number) => void): Promise<void> {
    this.#send = send;
    return new Promise((resolve) => {
      this.#done = resolve;
      const slots = Math.min(this.#plan.inFlight ?? this.#plan.calls, this.#plan.calls);
      for (let slot = 0; slot < slots; slot++) this.#next(slot);
    });
  }

  made(): Pick<CallsMade, 'outcomes' | 'items' | 'wrong' | 'outOfOrder'> {
    return {
      outcomes: this.#outcomes,
      items: this.#items,
      wrong: this.#wrong,
      outOfOrder: this.#outOfOrder,
    };
  }

  sent(slot: number): void {
    const call = this.#calls[slot];
    if (call?.open !== true || call.sent) this.#outOfOrder += 1;
    if (call !== undefined) call.sent = true;
  }

  head(slot: number, status: number): void {
    const call = this.#calls[slot];
    if (call !== undefined) call.status = status;
  }

  data(slot: number, buffer: Buffer, from: number, to: number): void {
    const call = this.#calls[slot];
    if (call?.sent !== true) this.#outOfOrder += 1;
    call?.bytes.push(Buffer.from(buffer.subarray(from, to)));
  }

  item(slot: number): void {
    const call = this.#calls[slot];
    if (call === undefined) return;
    this.#items += 1;
    const message = Buffer.concat(call.bytes);
    call.bytes = [];
    const shared = this.#plan.shared ?? Buffer.alloc(0);
    const isOurs = message.length === 4 + shared.length && message.readUInt32BE(0) === call.index;
    if (!isOurs || !message.subarray(4).equals(shared)) this.#wrong += 1;
  }

  end(slot: number, outcome: TransportOutcome): void {
    const call = this.#calls[slot];
    if (call?.open !== true) {
      this.#outOfOrder += 1;
      return;
    }
    call.open = false;
    const name = outcome === 'complete' ? (GRPC_OUTCOMES[call.status] ?? '?') : outcome;
    this.#outcomes[name] = (this.#outcomes[name] ?? 0) + 1;
    this.#ended += 1;
    this.#plan.onEnded?.(this.#ended);
    if (this.#ended === this.#plan.calls) this.#done();
    else if (this.#begun < this.#plan.calls) this.#next(slot);
  }

  #next(slot: number): void {
    const index = 1000 + this.#begun;
    this.#begun += 1;
    this.#calls[slot] = { index, sent: false, open: true, status: -1, bytes: [] };
    this.#send(slot, index);
  }
}
