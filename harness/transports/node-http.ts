import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { addressOf } from './reachable-address.ts';
import type { Prepared, Sink, Template, Transport, TransportOutcome } from './transport.ts';

export interface NodeHttpOptions {
  /** http://host:port */
  readonly url: string;
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most this many connections. */
  readonly connections: number;
  /** From the first byte sent to the last byte answered; also for opening a connection, up to 5 s. */
  readonly timeoutMs: number;
  readonly now: () => number;
  readonly sink: Sink;
}

interface NodeHttpRequest extends Prepared {
  readonly headers: Readonly<Record<string, string>>;
}

const CONNECT_TIMEOUT_MS = 5000;

/**
 * A peer of our engine: Node's own HTTP client with a keep-alive agent. About six times the CPU a request, with
 * objects and closures for each: for comparison, never for measuring a fast server.
 */
export class NodeHttpTransport implements Transport {
  readonly #options: NodeHttpOptions;
  readonly #agent: WaitingAgent;
  readonly #exchanges = new Set<Exchange>();
  readonly #sweep: NodeJS.Timeout;
  #closed = false;

  constructor(options: NodeHttpOptions) {
    this.#options = options;
    this.#agent = new WaitingAgent(options.connections, options.now);
    this.#sweep = setInterval(() => this.#expire(), Math.min(50, Math.max(2, options.timeoutMs / 20)));
  }

  get connectStatistics(): { opened: number; connectMeanMs: number | undefined } {
    const { opened, connectMs } = this.#agent;
    return { opened, connectMeanMs: opened === 0 ? undefined : connectMs / opened };
  }

  prepare(template: Template): NodeHttpRequest {
    const length = template.own.length + template.shared.length;
    const sized = length > 0 || template.method !== 'GET' ? { 'Content-Length': String(length) } : {};
    return {
      template,
      headers: { ...this.#options.headers, ...Object.fromEntries(template.headers), ...sized },
    };
  }

  async connect(connections: number): Promise<void> {
    const url = new URL(this.#options.url);
    const port = Number(url.port || 80);
    const host = await addressOf(url.hostname.replace(/^\[|\]$/g, ''), port);
    this.#agent.address = { host, port };
    await this.#agent.openAhead(Math.min(connections, this.#options.connections));
  }

  send(prepared: NodeHttpRequest, slot: number, index: number): void {
    const { template, headers } = prepared;
    const body = Buffer.concat([template.own, template.shared]);
    template.stamp(body, 0, index);
    const url = new URL(this.#options.url);
    const request = httpRequest({
      agent: this.#agent,
      host: url.hostname,
      port: url.port || 80,
      method: template.method,
      path: template.path,
      headers: { Host: url.host, ...headers },
    });
    const exchange = new Exchange(slot, request, this.#options, () => this.#exchanges.delete(exchange));
    this.#exchanges.add(exchange);
    request.end(body);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweep);
    for (const exchange of this.#exchanges) exchange.drop();
    this.#agent.destroy();
  }

  #expire(): void {
    const nowMs = this.#options.now();
    for (const exchange of this.#exchanges) exchange.expire(nowMs);
  }
}

/** One request and its answer. Whatever happens first ends it; what follows from that is not heard. */
class Exchange {
  readonly #slot: number;
  readonly #request: ClientRequest;
  readonly #options: NodeHttpOptions;
  readonly #onEnd: () => void;
  #startedMs: number | undefined;
  #isSent = false;
  #answering = false;
  #ended = false;

  constructor(slot: number, request: ClientRequest, options: NodeHttpOptions, onEnd: () => void) {
    this.#slot = slot;
    this.#request = request;
    this.#options = options;
    this.#onEnd = onEnd;
    request.on('socket', (socket) => {
      this.#startedMs = options.now();
      if (socket.connecting) socket.once('connect', () => this.#sent());
      else this.#sent();
    });
    request.on('response', (response) => this.#answered(response));
    request.on('error', (error: NodeJS.ErrnoException) => this.#end(this.#outcomeOf(error)));
    request.on('close', () => this.#end(this.#broken()));
  }

  /** Waiting for a free connection has no end of its own. */
  expire(nowMs: number): void {
    if (this.#startedMs === undefined) return;
    const { timeoutMs } = this.#options;
    const allowedMs = this.#isSent ? timeoutMs : Math.min(CONNECT_TIMEOUT_MS, timeoutMs);
    if (nowMs - this.#startedMs < allowedMs) return;
    this.#end('timeout');
    this.#request.destroy();
  }

  drop(): void {
    this.#ended = true;
    this.#request.destroy();
  }

  #sent(): void {
    if (this.#ended) return;
    this.#isSent = true;
    this.#startedMs = this.#options.now();
    this.#options.sink.sent(this.#slot, this.#startedMs);
  }

  #answered(response: IncomingMessage): void {
    const { now, sink } = this.#options;
    this.#answering = true;
    if (this.#ended) return;
    sink.head(this.#slot, response.statusCode ?? 0, now());
    response.on('data', (piece: Buffer) => {
      if (!this.#ended) sink.data(this.#slot, piece, 0, piece.length, now());
    });
    response.on('end', () => this.#end('complete'));
    response.on('error', () => {});
    response.on('close', () => this.#end('truncated'));
  }

  #outcomeOf({ code = '' }: NodeJS.ErrnoException): TransportOutcome {
    if (!this.#isSent) return 'connect-error';
    // HPE_INVALID_EOF_STATE: the connection ended in the middle of an answer.
    const isGarbage = code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE';
    return isGarbage ? 'malformed' : this.#broken();
  }

  #broken(): TransportOutcome {
    return this.#answering ? 'truncated' : 'reset';
  }

  #end(outcome: TransportOutcome): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#options.sink.end(this.#slot, outcome, this.#options.now());
  }
}

/** Node's keep-alive agent, with connections that were opened ahead handed out first. */
class WaitingAgent extends Agent {
  readonly #now: () => number;
  readonly #ahead: Socket[] = [];
  address: NetConnectOpts = { port: 80 };
  opened = 0;
  connectMs = 0;

  constructor(connections: number, now: () => number) {
    super({ keepAlive: true, maxSockets: connections, maxFreeSockets: connections, scheduling: 'lifo' });
    this.#now = now;
  }

  override createConnection(): Socket {
    for (;;) {
      const ready = this.#ahead.pop();
      if (ready === undefined) return this.#open(() => {});
      if (ready.writable) return ready;
    }
  }

  async openAhead(connections: number): Promise<void> {
    const one = () =>
      new Promise<void>((resolve) => {
        const socket = this.#open((isOpen) => {
          if (isOpen) this.#ahead.push(socket);
          resolve();
        });
      });
    await Promise.all(Array.from({ length: connections }, one));
  }

  override destroy(): void {
    for (const socket of this.#ahead) socket.destroy();
    super.destroy();
  }

  #open(done: (isOpen: boolean) => void): Socket {
    const startedMs = this.#now();
    const socket = connect({ ...this.address, noDelay: true, timeout: CONNECT_TIMEOUT_MS });
    socket.once('connect', () => {
      socket.setTimeout(0);
      this.opened += 1;
      this.connectMs += this.#now() - startedMs;
      done(true);
    });
    socket.once('timeout', () => socket.destroy());
    // Whose request the failure ends hears of it from the agent.
    socket.on('error', () => {});
    socket.once('close', () => done(false));
    return socket;
  }
}
