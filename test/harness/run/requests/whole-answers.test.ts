import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import type { LoadAssignment } from '../../../../harness/run/load-engine.ts';
import { goldensFor } from '../../../../harness/run/requests/reference-pass.ts';
import { scenarioFromText } from '../../../../harness/scenario/load-file.ts';
import { assignment, runLoad } from '../../../support/assignment.ts';
import { expectRefusal } from '../../../support/refusal.ts';

const NEVER = new AbortController().signal;
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** An HTTP server whose n-th answer is the n-th of these, the last of them for ever. */
async function serving(answers: readonly { status?: number; body: string }[]): Promise<string> {
  let asked = 0;
  const server: Server = createServer((_, response) => {
    const { status = 200, body } = answers[Math.min(asked++, answers.length - 1)] ?? { body: '' };
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const validate = { share: 1, tolerance: 1e-4 };
const workload = { rows: 1, encoding: 'json', inputs: {}, distinct: 'all', validate } as const;

function asked(url: string, changes: Partial<LoadAssignment> = {}): LoadAssignment {
  const http = { method: 'GET', path: '/', headers: {} };
  return assignment(url, { protocol: 'http', http, workload, warmupMs: 0, durationMs: 300, ...changes });
}

async function compared(given: LoadAssignment) {
  const goldens = (await goldensFor(given, 0, NEVER)) ?? [];
  const { answers, counts } = await runLoad({ ...given, goldens });
  return { goldens, answers, outcomes: counts.byOutcome, ok: counts.ok };
}

const SAME = { body: '{"label":"cat","score":0.5}' };

describe('over plain HTTP', () => {
  it.each(['native', 'node', 'node-http'] as const)('takes the same answer from %s', async (transport) => {
    const url = await serving([SAME, SAME, { body: '{"score":0.50001, "label":"cat"}' }]);
    const { answers, ok, goldens } = await compared(asked(url, { transport }));
    expect(goldens).toEqual([{ status: 200, body: Buffer.from(SAME.body).toString('base64') }]);
    expect(answers).toEqual({ compared: ok, wrong: 0 });
    expect(ok).toBeGreaterThan(10);
  });

  it('finds another body, and another good status', async () => {
    const other = await compared(asked(await serving([SAME, SAME, { body: '{"label":"dog","score":0.5}' }])));
    expect(other.outcomes['wrong-answer']).toBeGreaterThan(10);
    expect(other.ok).toBe(0);
    expect(other.answers?.example).toMatch(/^the answer to request \d+ says \$\.label = "dog", not "cat"$/);
    const status = await compared(asked(await serving([SAME, SAME, { ...SAME, status: 201 }])));
    expect(status.answers?.example).toMatch(/has status 201, not 200/);
    const failed = await compared(asked(await serving([SAME, SAME, { body: 'x', status: 500 }])));
    expect(failed.outcomes['http-5xx']).toBeGreaterThan(10);
    expect(failed.answers).toEqual({ compared: 0, wrong: 0 });
  });

  it('refuses what is answered differently each time, or not at all', async () => {
    const changing = asked(await serving([{ body: '{"at":1}' }, { body: '{"at":2}' }]));
    await expect(goldensFor(changing, 0, NEVER)).rejects.toThrow(/says \$\.at = 2, not 1/);
    const broken = asked(await serving([{ body: '', status: 404 }]));
    await expect(goldensFor(broken, 0, NEVER)).rejects.toThrow(/not answered \(status 404\)/);
  });
});

describe('over gRPC', () => {
  /** Answers call n with the n-th byte, the last of them for ever. */
  async function calls(bytes: readonly number[]): Promise<string> {
    let seen = 0;
    const as = (value: Buffer) => value;
    const definition = {
      path: '/a.B/C',
      requestStream: false,
      responseStream: false,
      requestSerialize: as,
      requestDeserialize: as,
      responseSerialize: as,
      responseDeserialize: as,
    };
    const server = new grpc.Server();
    server.addService({ C: definition }, {
      C: (_: unknown, answer: (error: null, value: Buffer) => void) =>
        answer(null, Buffer.from([7, bytes[Math.min(seen++, bytes.length - 1)] ?? 0])),
    } as grpc.UntypedServiceImplementation);
    const credentials = grpc.ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    stops.push(() => server.forceShutdown());
    return `grpc://127.0.0.1:${port}`;
  }
  const call = (url: string) =>
    asked(url, { protocol: 'grpc', grpc: { method: '/a.B/C', call: 'unary', metadata: {} } });

  it('compares the bytes of the messages', async () => {
    const same = await compared(call(await calls([1])));
    expect(same.answers).toEqual({ compared: same.ok, wrong: 0 });
    expect(same.ok).toBeGreaterThan(10);
    const other = await compared(call(await calls([1, 1, 2])));
    expect(other.ok).toBe(0);
    expect(other.answers?.example).toMatch(/differs in byte \d+ of \d+/);
    await expect(goldensFor(call(await calls([1, 2])), 0, NEVER)).rejects.toThrow(/answered in two ways/);
  });
});

it('needs no distinct payloads where there is one request', () => {
  const workload = 'workload: { validate: { sample: all } }';
  const http = 'target: { url: "http://h:1", protocol: http }';
  const grpcCall = 'target: { url: "grpc://h:1", protocol: grpc, grpc: { method: a.B/C } }';
  for (const target of [http, grpcCall]) {
    const [setting] = scenarioFromText(`${target}\n${workload}\n`, 'x.yaml').settings;
    expect(setting?.workload.validate).toEqual(validate);
  }
  expectRefusal(workload, 'workload.validate', 'nothing to compare', 'distinct: 64');
  const inexact = `${grpcCall}\nworkload: { validate: { tolerance: 0.1 } }\n`;
  expect(() => scenarioFromText(inexact, 'x.yaml')).toThrow(/its bytes are compared/);
});
