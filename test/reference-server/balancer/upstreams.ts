import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ReplicaAddress } from '../../../reference-server/balancer/balancer.ts';

/** Of `expect.poll`: as soon as it is so, on a busy machine as well. */
export const PATIENT = { interval: 5, timeout: 15_000 };

/** Why a balancer cannot be had here; undefined when it can. */
export function without(program: string): string | undefined {
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const { error } = spawnSync(program, ['-v'], { env });
  return error === undefined ? undefined : `without ${program}`;
}

/** A replica in this process that answers with the body it got, after a moment. */
export class Upstream implements ReplicaAddress {
  readonly name: string;
  /** The ids of the requests that it got, in order. */
  readonly seen: string[] = [];
  /** Requests whose answers wait for `letGo`. */
  readonly held: (() => void)[] = [];
  holds = false;
  /** Of clients that went away before the answer. */
  abandoned = 0;
  readonly #server: Server;

  private constructor(name: string) {
    this.name = name;
    this.#server = createServer((asked, response) => void this.#serve(asked, response));
  }

  static async start(name: string): Promise<Upstream> {
    const upstream = new Upstream(name);
    upstream.#server.listen(0, '127.0.0.1');
    await once(upstream.#server, 'listening');
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  letGo(): void {
    this.holds = false;
    for (const answer of this.held.splice(0)) answer();
  }

  /** As a process that is killed: every connection breaks. */
  die(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    this.seen.push(String(asked.headers['x-id']));
    response.on('close', () => {
      if (!response.writableFinished) this.abandoned += 1;
    });
    const chunks: Buffer[] = [];
    for await (const chunk of asked) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const headers = {
      'x-replica': this.name,
      'content-length': body.byteLength,
      'x-got': JSON.stringify(asked.rawHeaders),
    };
    const answer = (): void => {
      response.writeHead(200, headers).end(body);
    };
    if (this.holds) this.held.push(answer);
    else setTimeout(answer, 1);
  }
}

export interface Said {
  /** 0: the connection broke before a whole answer. */
  readonly status: number;
  readonly body: Buffer;
  readonly headers: IncomingMessage['headers'];
}

const PATH = '/v2/models/m/infer';

/** A client with connections that stay open. */
export class Client {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #url: string;

  constructor(url: string, path = PATH) {
    this.#url = `${url}${path}`;
  }

  post(id: string, body: Buffer, headers: Readonly<Record<string, string>> = {}): Promise<Said> {
    return new Promise((resolve) => {
      const broken = (): void => resolve({ status: 0, body: Buffer.alloc(0), headers: {} });
      const all = { 'x-id': id, 'content-length': body.byteLength, ...headers };
      const asked = request(this.#url, {
        method: 'POST',
        agent: this.#agent,
        headers: all,
      });
      asked.on('error', broken);
      asked.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', broken);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks),
            headers: response.headers,
          }),
        );
      });
      asked.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** What is asked, and whether an answer is that of its request. */
export interface Ask {
  readonly path: string;
  body(id: string): string;
  isRight?(answer: string, id: string): boolean;
}

const ECHO: Ask = { path: PATH, body: (id) => id, isRight: (answer, id) => answer === id };

/** Clients that ask one request after the other until they are told to end; resolves with every status. */
export function drive(
  url: string,
  clients: number,
  ask = ECHO,
): { end(): Promise<number[]>; asked(): number } {
  const client = new Client(url, ask.path);
  const statuses: number[] = [];
  let [asked, ending] = [0, false];
  const one = async (): Promise<void> => {
    while (!ending) {
      const id = `driven-${asked++}`;
      const { status, body } = await client.post(id, Buffer.from(ask.body(id)));
      // An answer that belongs to another request would be the worst of all.
      const wrong = status === 200 && ask.isRight?.(body.toString(), id) === false;
      statuses.push(wrong ? WRONG : status);
    }
  };
  const driving = Promise.all(Array.from({ length: clients }, one));
  return {
    asked: () => asked,
    async end() {
      ending = true;
      await driving;
      client.close();
      return statuses;
    },
  };
}

const WRONG = -1;
