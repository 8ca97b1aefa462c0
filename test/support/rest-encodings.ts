import { Agent, request } from 'node:http';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import {
  ALL_CLASSES,
  type Answered,
  bytesOf,
  firstRow,
  floatsFrom,
  nested,
  type Payload,
  type Send,
  unclassified,
} from './payloads.ts';

interface Sent {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | number>>;
}

/** Every encoding of the REST door. */
export class RestEncodings {
  readonly #url: string;
  readonly #agent: Agent;
  #sent = 0;

  constructor(url: string, connections: number) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  close(): void {
    this.#agent.destroy();
  }

  readonly all: Readonly<Record<string, Send>> = {
    'REST JSON flat': (payload) => this.#ask(payload, json(payload, { data: payload.values })),
    'REST JSON nested, gzip both ways': (payload) => {
      const { body, headers } = json(payload, { data: nested(payload) });
      const coding = { 'Content-Encoding': 'gzip', 'Accept-Encoding': 'gzip, identity;q=0' };
      return this.#ask(payload, { body: gzipSync(body), headers: { ...headers, ...coding } });
    },
    'REST JSON in, binary out': (payload) =>
      this.#ask(payload, json(payload, { data: payload.values }, BINARY_OUT)),
    'REST binary in, JSON out': (payload) => this.#ask(payload, binary(payload, {})),
    'REST binary both ways': (payload) => this.#ask(payload, binary(payload, BINARY_OUT)),
    'REST binary, deflate both ways': (payload) => {
      const { body, headers } = binary(payload, BINARY_OUT);
      const coding = { 'Content-Encoding': 'deflate', 'Accept-Encoding': 'deflate, identity;q=0' };
      return this.#ask(payload, { body: deflateSync(body), headers: { ...headers, ...coding } });
    },
    'REST raw': (payload) => {
      const row = firstRow(payload);
      return this.#ask(row, { body: bytesOf(row), headers: { 'Inference-Header-Content-Length': 0 } });
    },
    'REST classes': (payload) => {
      const outputs = [{ name: payload.output, parameters: { classification: ALL_CLASSES } }];
      return this.#ask(payload, json(payload, { data: payload.values }, { outputs }));
    },
  };

  #ask(payload: Payload, { body, headers }: Sent): Promise<Answered> {
    this.#sent += 1;
    const version = this.#sent % 2 === 0 ? '' : '/versions/1';
    const url = `${this.#url}/v2/models/${payload.model}${version}/infer`;
    const length = { 'Content-Length': body.byteLength };
    const options = { agent: this.#agent, method: 'POST', headers: { ...headers, ...length } };
    return new Promise((resolve, reject) => {
      const sent = request(url, options, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          const whole = unpacked(Buffer.concat(pieces), response.headers['content-encoding']);
          const head = response.headers['inference-header-content-length'];
          if (response.statusCode !== 200) reject(new Error(`${response.statusCode}: ${whole}`));
          else resolve({ rows: payload.shape[0] ?? 0, numbers: numbersIn(whole, head, payload) });
        });
      });
      sent.on('error', reject).end(body);
    });
  }
}

const BINARY_OUT = { parameters: { binary_data_output: true } };

function inputOf({ input, shape }: Payload, own: object) {
  return { name: input, datatype: 'FP32', shape, ...own };
}

function json(payload: Payload, own: object, more: object = {}): Sent {
  return { body: Buffer.from(JSON.stringify({ ...more, inputs: [inputOf(payload, own)] })), headers: {} };
}

function binary(payload: Payload, more: object): Sent {
  const bytes = bytesOf(payload);
  const input = inputOf(payload, { parameters: { binary_data_size: bytes.byteLength } });
  const head = Buffer.from(JSON.stringify({ ...more, inputs: [input] }));
  const headers = { 'Inference-Header-Content-Length': head.byteLength };
  return { body: Buffer.concat([head, bytes]), headers };
}

function unpacked(body: Buffer, coding: string | undefined): Buffer {
  if (coding === undefined) return body;
  return coding === 'gzip' ? gunzipSync(body) : inflateSync(body);
}

function numbersIn(body: Buffer, headerLength: unknown, payload: Payload): readonly number[] {
  const end = Number(headerLength ?? body.byteLength);
  const [output] = JSON.parse(body.toString('utf8', 0, end)).outputs;
  if (output.data === undefined) return floatsFrom(body.subarray(end));
  return output.datatype === 'BYTES' ? unclassified(output.data, payload) : output.data;
}
