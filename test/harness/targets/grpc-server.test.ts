import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { workloadProblems } from '../../../harness/run/requests/check-workloads.ts';
import { scenarioFromText } from '../../../harness/scenario/load-file.ts';
import type { ExternalTargetSpec } from '../../../harness/scenario/target-spec.ts';
import { externalTarget } from '../../../harness/targets/external.ts';

function specOf(port: number) {
  const call = '{ method: /a.B/C, call: server-streaming }';
  const text = `target: { url: "grpc://127.0.0.1:${port}", protocol: grpc, grpc: ${call} }\n`;
  const scenario = scenarioFromText(text, 'x.yaml');
  return { scenario, spec: scenario.settings[0]?.target as ExternalTargetSpec };
}

async function listening<T>(act: (port: number) => Promise<T>): Promise<T> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    return await act(typeof address === 'object' && address !== null ? address.port : 0);
  } finally {
    server.close();
  }
}

it('a gRPC server is asked nothing beforehand, and needs no inputs to draw', async () => {
  await listening(async (port) => {
    const { scenario, spec } = specOf(port);
    const target = await externalTarget(spec).start();
    expect(target.model).toEqual({ name: '/a.B/C', inputs: [], outputs: [] });
    expect(target.requested).toMatchObject({ protocol: 'grpc', method: '/a.B/C', call: 'server-streaming' });
    expect(await target.statistics()).toHaveProperty('missing');
    expect(workloadProblems(scenario, target)).toEqual([]);
  });
});

it('one that accepts no connections is an error before any load', async () => {
  const port = await listening(async (free) => free);
  await expect(externalTarget(specOf(port).spec).start()).rejects.toThrow(/does not accept .*ECONNREFUSED/);
});
