import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../harness/load/random.ts';
import { oipRest } from '../../harness/protocols/oip-rest.ts';
import { parseModel } from '../../harness/targets/open-inference.ts';
import { createWorkload } from '../../harness/workload/create-workload.ts';
import { modelMetadata } from '../../reference-server/api/model-documents.ts';
import type { InferRequest } from '../../reference-server/infer.ts';
import { distance, floats, goldenOutputs, goldenText, paddedTexts, TOLERANCE } from '../support/goldens.ts';
import { endServers, startServer } from './server-process.ts';

afterEach(endServers);

const MODELS = [{ name: 'mood', source: 'text-sentiment' }];

/** Whole numbers of 64 bits as JSON, or as the bytes that they are. */
function bodyOf({ inputs }: InferRequest, binary: boolean): { body: Buffer; head: number } {
  const json = inputs.map(({ name, datatype, shape, data }) => {
    const values = new BigInt64Array(data.buffer, data.byteOffset, data.byteLength / 8);
    const own = binary
      ? { parameters: { binary_data_size: data.byteLength } }
      : { data: Array.from(values, Number) };
    return { name, datatype, shape, ...own };
  });
  const head = Buffer.from(JSON.stringify({ inputs: json, parameters: { binary_data_output: binary } }));
  const body = Buffer.concat([head, ...(binary ? inputs.map(({ data }) => data) : [])]);
  return { body, head: head.byteLength };
}

async function infer(url: string, body: Uint8Array, head: number) {
  const headers = { 'Inference-Header-Content-Length': String(head) };
  const response = await fetch(`${url}/v2/models/mood/infer`, { method: 'POST', body, headers });
  const bytes = Buffer.from(await response.arrayBuffer());
  const end = Number(response.headers.get('inference-header-content-length') ?? bytes.byteLength);
  const json = JSON.parse(bytes.toString('utf8', 0, end));
  const tail = floats(bytes.subarray(end));
  return { status: response.status, logits: tail.length > 0 ? tail : (json.outputs?.[0]?.data ?? []) };
}

describe('text-sentiment behind the server', () => {
  test('texts of different lengths at once, in JSON and binary: each its golden answer', async () => {
    const { url } = await startServer({ models: MODELS, batching: { maxRows: 8, maxDelayMs: 5 } });
    const goldens = goldenOutputs('text-sentiment');
    const requests = Array.from({ length: 48 }, (_, n) => {
      const index = n % 3;
      const text = goldenText(index);
      const length = n % 2 === 0 ? text.length : 64;
      return { index, ...bodyOf(paddedTexts([text], length), n % 4 < 2) };
    });
    const answers = await Promise.all(requests.map(({ body, head }) => infer(url, body, head)));
    for (const [n, { status, logits }] of answers.entries()) {
      expect(status).toBe(200);
      const right = goldens[requests[n]?.index ?? 0] ?? [];
      expect(distance(logits, right)).toBeLessThan(TOLERANCE['text-sentiment']);
    }
  });

  test('what a scenario draws for it by its metadata is answered, in JSON and binary', async () => {
    const { url } = await startServer({ models: MODELS });
    const model = parseModel(await (await fetch(`${url}/v2/models/mood`)).json(), 'mood');
    expect(model.inputs.map(({ exampleValues, exampleShape }) => [exampleValues, exampleShape])).toEqual([
      ['ints(0, 8191)', [64]],
      ['ints(1, 1)', [64]],
    ]);
    for (const encoding of ['json', 'binary'] as const) {
      const spec = { rows: 3, encoding, inputs: {}, distinct: 'all' } as const;
      const workload = createWorkload(spec, [model], (stream) => seededRandom(1, stream));
      const template = oipRest({ model, encoding }).encode(workload.sample(5));
      const body = Buffer.concat([template.own, template.shared]);
      template.stamp(body, 0, 123_456);
      const head = template.headers.find(([name]) => /header-content-length/i.test(name))?.[1];
      const { status, logits } = await infer(url, body, Number(head ?? body.byteLength));
      expect(status).toBe(200);
      expect(logits.filter(Number.isFinite)).toHaveLength(9);
    }
  });
});

test('only inputs of which something is known have examples in the metadata', () => {
  const input = (name: string) => ({ name, datatype: 'INT64', shape: [-1, -1] }) as const;
  const signature = { name: 'm', inputs: [input('ids'), input('x')], outputs: [], maxRows: 1 };
  const examples = { ids: { values: 'ints(0, 9)', shape: [3, 4] } };
  expect(modelMetadata({ signature, examples }, ['1']).inputs).toEqual([
    { ...input('ids'), parameters: { example_values: 'ints(0, 9)', example_shape: '3,4' } },
    input('x'),
  ]);
});
