import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { parseServerConfig } from '../../reference-server/config.ts';
import { startInstance } from '../../reference-server/execution/instance.ts';
import { ensureModel } from '../../reference-server/models/zoo/model-cache.ts';
import { buildServer } from '../../reference-server/server.ts';
import { realClock } from '../../reference-server/telemetry/timings.ts';
import { distance, floats, goldenInput, goldenOutputs, TEST_CACHE, TOLERANCE } from '../support/goldens.ts';
import { MortalWorker } from './mortal-worker.ts';

interface Answer {
  readonly status: number;
  readonly index: number;
  readonly error: string | undefined;
  readonly scores: readonly number[];
}

function infer(agent: Agent, url: string, index: number): Promise<Answer> {
  const input = { name: 'features', datatype: 'FP32', shape: [1, 1024] };
  const parameters = { binary_data_size: 4096 };
  const json = { inputs: [{ ...input, parameters }], parameters: { binary_data_output: true } };
  const head = Buffer.from(JSON.stringify(json));
  const body = Buffer.concat([head, Buffer.from(goldenInput('recommender', index).buffer)]);
  const headers = { 'Inference-Header-Content-Length': head.byteLength, 'Content-Length': body.byteLength };
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/v2/models/recommender/infer`,
      { agent, method: 'POST', headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const jsonEnd = Number(response.headers['inference-header-content-length'] ?? bytes.byteLength);
          const { error } = JSON.parse(bytes.toString('utf8', 0, jsonEnd));
          const status = response.statusCode ?? 0;
          resolve({ status, index, error, scores: [...floats(bytes.subarray(jsonEnd))] });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

test.each([1, 2])(
  'a thread killed under load takes only its own batches with it (%d instances)',
  async (instances) => {
    const worker = new MortalWorker();
    const models = [{ name: 'recommender', source: 'recommender' }];
    const config = { port: 0, models, instances, batching: { maxRows: 8, inFlight: 2 }, drainMs: 1000 };
    const server = await buildServer(parseServerConfig(JSON.stringify(config)), {
      clock: realClock,
      startInstance: (options) => startInstance(options, worker.entry),
      modelPath: () => ensureModel('recommender', TEST_CACHE),
      log: () => {},
      version: '1',
    });
    const url = await server.listen();
    const agent = new Agent({ keepAlive: true });
    const answers: Answer[] = [];
    let stopping = false;
    const caller = async (slot: number) => {
      for (let n = 0; !stopping; n++) answers.push(await infer(agent, url, (slot + n) % 3));
    };
    const callers = Array.from({ length: 16 }, (_, slot) => caller(slot));
    try {
      const [model] = server.models;
      for (let kill = 1; kill <= 2; kill++) {
        const before = answers.length;
        while (answers.length < before + 30) await sleep(5);
        worker.killAll();
        while ((model?.statistics.instanceRestarts ?? 0) < kill * instances) await sleep(5);
      }
      const restarted = answers.length;
      while (answers.length < restarted + 100) await sleep(5);
      stopping = true;
      await Promise.all(callers);

      const served = answers.filter(({ status }) => status === 200);
      const failed = answers.filter(({ status }) => status !== 200);
      const goldens = goldenOutputs('recommender');
      for (const { index, scores } of served) {
        expect(distance(scores, goldens[index] ?? [])).toBeLessThan(TOLERANCE.recommender);
      }
      expect(failed.length).toBeGreaterThan(0);
      for (const { status, error } of failed) {
        expect([status, error]).toEqual([500, "the model's thread ended with code 9"]);
      }
      expect(answers.slice(restarted + 50).every(({ status }) => status === 200)).toBe(true);

      const statistics = model?.statistics;
      expect(statistics).toMatchObject({ arrivals: answers.length, instanceCrashes: 2 * instances });
      expect([statistics?.success.count, statistics?.fail.count]).toEqual([served.length, failed.length]);
      expect(statistics?.failures.BACKEND).toBe(failed.length);
      expect(statistics?.inferenceCount).toBe(served.length);
      expect(model?.pending()).toMatchObject({ requests: 0, rows: 0 });
      expect(model?.instances()).toEqual({ running: instances, circuitsOpen: 0 });
    } finally {
      stopping = true;
      agent.destroy();
      await server.stop();
      worker.close();
    }
  },
  60_000,
);
