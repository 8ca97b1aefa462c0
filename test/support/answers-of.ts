import { calibratedClock } from '../../harness/load/clock.ts';
import type { SocketSource, TlsSettings } from '../../harness/transports/byte-stream.ts';
import { Http1Transport } from '../../harness/transports/http1.ts';
import { type LinuxCalls, linuxCalls } from '../../harness/transports/linux-calls.ts';
import { NativeLoop } from '../../harness/transports/native-loop.ts';
import { NodeSockets } from '../../harness/transports/node-sockets.ts';
import type { Sink, Template, TransportOutcome } from '../../harness/transports/transport.ts';

export const SOCKET_KINDS = ['native', 'node'] as const;
export type Kind = (typeof SOCKET_KINDS)[number];

/** Why this machine has no native sockets; undefined where it has. */
export function whyNotNative(): string | undefined {
  const calls = linuxCalls();
  return 'missing' in calls ? calls.missing : undefined;
}

/** Throws where there are none. */
export function nativeCalls(): LinuxCalls {
  const calls = linuxCalls();
  if ('missing' in calls) throw new Error(calls.missing);
  return calls;
}

export interface Asked {
  readonly url: string;
  readonly sockets: Kind;
  /** Of native sockets; those of the C library where it is left out. */
  readonly calls?: LinuxCalls;
  readonly tls?: TlsSettings;
  readonly connections?: number;
  readonly timeoutMs?: number;
  readonly keepAlive?: boolean;
  /** Sent at once, as far as connections allow. */
  readonly requests: readonly Partial<Template>[];
}

export interface Answer {
  outcome: TransportOutcome | undefined;
  status: number;
  body: Buffer;
  sent: boolean;
}

/** Sends every request over a transport in this thread, which also serves, and collects what becomes of each. */
export async function answersOf(asked: Asked): Promise<{ answers: Answer[]; opened: number }> {
  const now = calibratedClock();
  const collector = new Collector(asked.requests.length);
  const { source, close } = openSockets(asked, now);
  const transport = new Http1Transport({
    url: asked.url,
    headers: {},
    connections: asked.connections ?? 16,
    timeoutMs: asked.timeoutMs ?? 20_000,
    keepAlive: asked.keepAlive ?? true,
    now,
    sockets: source,
    sink: collector,
  });
  try {
    await transport.connect(Math.min(asked.requests.length, asked.connections ?? 16));
    const prepared = asked.requests.map((request) => transport.prepare({ ...GET, ...request }));
    prepared.forEach((request, slot) => {
      transport.send(request, slot, slot);
    });
    await collector.done;
    return { answers: collector.answers, opened: transport.connectStatistics.opened };
  } finally {
    transport.close();
    close();
  }
}

function openSockets(
  { sockets, calls: given, tls }: Asked,
  now: () => number,
): { source: SocketSource; close(): void } {
  if (sockets === 'node') return { source: new NodeSockets(now, tls), close: () => {} };
  const calls = given ?? nativeCalls();
  const loop = new NativeLoop({ calls, now, turnMs: 1 });
  return { source: loop, close: () => loop.close() };
}

const NOTHING = Buffer.alloc(0);

const GET: Template = {
  method: 'GET',
  path: '/',
  headers: [],
  own: NOTHING,
  shared: NOTHING,
  stamp: () => {},
};

class Collector implements Sink {
  readonly answers: Answer[];
  readonly done: Promise<void>;
  readonly #pieces: Buffer[][] = [];
  #left: number;
  #resolve: () => void = () => {};

  constructor(requests: number) {
    this.#left = requests;
    this.answers = Array.from({ length: requests }, () => ({
      outcome: undefined,
      status: 0,
      body: NOTHING,
      sent: false,
    }));
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  sent(slot: number): void {
    const answer = this.#of(slot);
    if (answer.sent) throw new Error(`slot ${slot} was sent twice`);
    answer.sent = true;
  }

  head(slot: number, status: number): void {
    this.#of(slot).status = status;
  }

  data(slot: number, buffer: Buffer, from: number, to: number): void {
    this.#pieces[slot] ??= [];
    this.#pieces[slot].push(Buffer.from(buffer.subarray(from, to)));
  }

  end(slot: number, outcome: TransportOutcome): void {
    const answer = this.#of(slot);
    if (answer.outcome !== undefined) throw new Error(`slot ${slot} ended twice`);
    answer.outcome = outcome;
    answer.body = Buffer.concat(this.#pieces[slot] ?? []);
    this.#left -= 1;
    if (this.#left === 0) this.#resolve();
  }

  #of(slot: number): Answer {
    const answer = this.answers[slot];
    if (answer === undefined) throw new Error(`there is no slot ${slot}`);
    return answer;
  }
}
