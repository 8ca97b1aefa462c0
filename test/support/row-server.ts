import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { METADATA } from './truth-answers.ts';

export interface RowServer {
  readonly url: string;
  /** Requests answered so far. */
  readonly answered: () => number;
  /** By path. */
  readonly askedAt: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

interface Asked {
  readonly id: string;
  readonly binary: boolean;
  /** One sum a row of four numbers. */
  readonly sums: readonly number[];
  answer(sums: readonly number[]): void;
}

/**
 * A model `truth` of rows of four numbers that answers each with its sum. `crossed`: it holds a request until the next
 * one comes, and gives each of the two the rows of the other, under their own ids.
 */
export async function startRowServer({ crossed = false } = {}): Promise<RowServer> {
  let held: Asked | undefined;
  let answered = 0;
  const askedAt = new Map<string, number>();
  const server = createServer((request, response) => {
    const model = /^\/v2\/models\/([^/]+)$/.exec(request.url ?? '')?.[1];
    if (request.method === 'GET') {
      response.statusCode = model === undefined && !request.url?.includes('health') ? 404 : 200;
      response.end(JSON.stringify({ ...METADATA, name: model }));
      return;
    }
    void bodyOf(request).then((body) => {
      const { id, binary, sums } = read(
        body,
        Number(request.headers['inference-header-content-length'] ?? 0),
      );
      const asked = {
        id,
        binary,
        sums,
        answer: (rows: readonly number[]) => response.end(write(id, binary, rows)),
      };
      answered += 1;
      const path = request.url ?? '';
      askedAt.set(path, (askedAt.get(path) ?? 0) + 1);
      if (!crossed) asked.answer(sums);
      else if (held === undefined) {
        held = asked;
        // Nobody to cross with: as it should be.
        setTimeout(() => {
          if (held !== asked) return;
          held = undefined;
          asked.answer(sums);
        }, 15);
      } else {
        const other = held;
        held = undefined;
        other.answer(sums);
        asked.answer(other.sums);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered: () => answered,
    askedAt,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function read(body: Buffer, jsonBytes: number): Omit<Asked, 'answer'> {
  const binary = jsonBytes > 0;
  const { id, inputs } = JSON.parse(body.toString('utf8', 0, binary ? jsonBytes : body.length));
  const data: number[] = inputs[0].data ?? floats(body.subarray(jsonBytes));
  const sums = Array.from({ length: data.length / 4 }, (_, row) =>
    data.slice(row * 4, row * 4 + 4).reduce((sum, value) => sum + value, 0),
  );
  return { id, binary, sums };
}

function floats(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
}

function write(id: string, binary: boolean, rows: readonly number[]): Buffer {
  const output = { name: 'y', datatype: 'FP32', shape: [rows.length, 1] };
  if (!binary)
    return Buffer.from(JSON.stringify({ id, model_name: 'truth', outputs: [{ ...output, data: rows }] }));
  const parameters = { binary_data_size: rows.length * 4 };
  const json = Buffer.from(JSON.stringify({ id, model_name: 'truth', outputs: [{ ...output, parameters }] }));
  return Buffer.concat([json, Buffer.from(Float32Array.from(rows).buffer)]);
}
