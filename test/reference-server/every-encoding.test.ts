import { afterEach, expect, test } from 'vitest';
import { type DenseModel, distance, TOLERANCE } from '../support/goldens.ts';
import { GrpcEncodings } from '../support/grpc-encodings.ts';
import { goldenPayload, rightFor } from '../support/payloads.ts';
import { RestEncodings } from '../support/rest-encodings.ts';
import { taggedLoad } from '../support/tagged-load.ts';
import { endServers, startServer } from './server-process.ts';

afterEach(endServers);

const OUTPUTS = { recommender: 'scores', 'demand-forecast': 'forecast' } as const;

test('golden answers through both doors in every encoding, the rows of strangers in one batch', async () => {
  const names = Object.keys(OUTPUTS) as (keyof typeof OUTPUTS & DenseModel)[];
  const models = names.map((name) => ({ name, source: name }));
  const batching = { maxRows: 16, maxDelayMs: 5 };
  const { url, announced } = await startServer({ models, grpcPort: 0, batching });
  const [rest, grpc] = [new RestEncodings(url, 16), new GrpcEncodings(announced.grpc)];
  const encodings = Object.entries({ ...rest.all, ...grpc.all });
  const asked = names.flatMap((model) =>
    encodings.flatMap(([encoding, send], at) =>
      [[at % 3], [1, at % 3, 0]].map((indexes) => ({ model, encoding, send, indexes })),
    ),
  );
  await Promise.all(
    asked.map(async ({ model, encoding, send, indexes }) => {
      const payload = goldenPayload(model, OUTPUTS[model], indexes);
      const { rows, numbers } = await send(payload);
      expect(numbers.length, `${model}, ${encoding}`).toBe(rightFor(payload, rows).length);
      expect(distance(numbers, rightFor(payload, rows)), `${model}, ${encoding}`).toBeLessThan(
        TOLERANCE[model],
      );
    }),
  );
  for (const name of names) {
    const about = await (await fetch(`${url}/v2/models/${name}/stats`)).json();
    const [{ inference_stats, execution_count }] = (about as { model_stats: [Counted] }).model_stats;
    expect(inference_stats.success.count).toBe(asked.length / names.length);
    expect(execution_count).toBeLessThan(asked.length / names.length);
  }
  rest.close();
  grpc.close();
});

interface Counted {
  readonly inference_stats: { readonly success: { readonly count: number } };
  readonly execution_count: number;
}

test('2,000 payloads through both doors in every encoding, batched with strangers: none is crossed', async () => {
  const requests = 2000;
  const { answered, wrong, rows, statistics } = await taggedLoad(requests, 64);
  expect(wrong).toEqual([]);
  expect(Object.keys(answered)).toHaveLength(14);
  expect(Object.values(answered).reduce((sum, count) => sum + count, 0)).toBe(requests);
  expect(statistics).toMatchObject({
    inference_count: rows,
    inference_stats: { success: { count: requests }, fail: { count: 0 } },
  });
  expect(statistics.execution_count).toBeLessThan(requests / 2);
});
