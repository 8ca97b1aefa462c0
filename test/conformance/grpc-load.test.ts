import { expect, it } from 'vitest';
import type { LoadAssignment } from '../../harness/run/load-engine.ts';
import { assignment, runLoad } from '../support/assignment.ts';
import { conserved, sentToServer, withHistogram } from '../support/load-figures.ts';
import { startTruthServer } from '../support/start-truth-server.ts';
import type { TruthConfig } from '../support/truth-config.ts';

/* The whole generator over gRPC: schedule, transport, recorder, in a thread of its own. */

const QUICK = { kind: 'constant', delayMs: 0 } as const;

async function grpcRun(config: TruthConfig, changes: Partial<LoadAssignment> = {}) {
  const server = await startTruthServer(config);
  try {
    const result = await runLoad(
      assignment(server.url.replace('http:', 'grpc:'), {
        protocol: 'grpc',
        grpc: {
          method: '/inference.GRPCInferenceService/ModelInfer',
          call: 'unary',
          metadata: {},
          message: Buffer.from('\x0a\x05truth').toString('base64'),
        },
        model: { name: 'ModelInfer', inputs: [], outputs: [] },
        workload: { rows: 1, encoding: 'binary', inputs: {}, distinct: 1 },
        load: { shape: 'open', arrivals: 'even', requestsPerS: 400 },
        ...changes,
      }),
    );
    return { result, witness: await server.witness() };
  } finally {
    await server.stop();
  }
}

it.concurrent.each(['native', 'node'] as const)(
  'an open loop over %s sockets, on one connection',
  async (sockets) => {
    const { result, witness } = await grpcRun({ law: QUICK }, { sockets });
    expect(result.counts.byOutcome).toEqual({ ok: 400 });
    expect(sentToServer(result)).toBe(witness.arrivals);
    expect(result.connections.opened).toBe(1);
    expect(conserved(result)).toBe(true);
    expect(withHistogram(result, 'service', ({ count }) => count)).toBe(400);
  },
);

it.concurrent('a server that resets every tenth stream', async () => {
  const { result, witness } = await grpcRun({ law: QUICK, fault: { kind: 'rst-stream', every: 10 } });
  expect(result.counts.byOutcome.reset).toBe(40);
  expect(result.counts.ok).toBe(360);
  expect(sentToServer(result)).toBe(witness.arrivals);
  expect(conserved(result)).toBe(true);
});

it.concurrent('what the server says about a refusal is an event of the record', async () => {
  const fault = { kind: 'grpc-status-8', every: 4 } as const;
  const { result } = await grpcRun(
    { law: QUICK, fault },
    { load: { shape: 'closed', inFlight: 8, thinkTimeMs: 2 } },
  );
  expect(Object.keys(result.counts.byOutcome).sort()).toEqual(['grpc-resource-exhausted', 'ok']);
  expect(result.events.map(({ message }) => message)).toContain(
    'the server said: grpc-resource-exhausted: as told',
  );
});
