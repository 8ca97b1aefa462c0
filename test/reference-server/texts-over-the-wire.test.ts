import { afterEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../../harness/load/random.ts';
import { oipRest } from '../../harness/protocols/oip-rest.ts';
import { parseModel } from '../../harness/targets/open-inference.ts';
import { createWorkload } from '../../harness/workload/create-workload.ts';
import { modelMetadata } from '../../reference-server/api/model-documents.ts';
import type { InferRequest } from '../../reference-server/infer.ts';
import { distance, floats, goldenOutputs, goldenText, paddedTexts, TOLERANCE } from '../support/goldens.ts';
import { type Document, GrpcClient } from './grpc-client.ts';
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
  return {
    status: response.status,
    error: json.error,
    logits: tail.length > 0 ? tail : (json.outputs?.[0]?.data ?? []),
  };
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

  test('tokens that are in no vocabulary, and texts that are too long, are refused; their neighbours are not', async () => {
    const { url, announced } = await startServer({
      models: MODELS,
      grpcPort: 0,
      batching: { maxRows: 8, maxDelayMs: 20 },
    });
    const grpc = new GrpcClient(announced.grpc);
    const [tooLong, unknown, negative] = [new Array(65).fill(1), [5, 8192], [5, -1]];
    const one = paddedTexts([[5, 6]], 2);
    const half = one.inputs.map((input, at) =>
      at === 0 ? input : { ...input, shape: [1, 1], data: input.data.slice(0, 8) },
    );
    const wrong = [
      { request: paddedTexts([tooLong], 65), words: /\[1,65\], the model takes at most \[-1,64\]/ },
      { request: paddedTexts([unknown], 2), words: /element 1 is 8192, the model takes 0 to 8191/ },
      { request: paddedTexts([negative], 2), words: /element 1 is -1/ },
      { request: { ...one, inputs: half }, words: /it must be that of 'input_ids'/ },
    ];
    const neighbours = Array.from({ length: 12 }, () => bodyOf(paddedTexts([goldenText(2)], 5), true));
    const served = neighbours.map(({ body, head }) => infer(url, body, head));
    for (const { request, words } of wrong) {
      for (const binary of [true, false]) {
        const { body, head } = bodyOf(request, binary);
        const refused = await infer(url, body, head);
        expect([refused.status, refused.error]).toEqual([400, expect.stringMatching(words)]);
      }
      const inputs = request.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }));
      const raw_input_contents = request.inputs.map(({ data }) => Buffer.from(data));
      const refused = await grpc.refusal('ModelInfer', { model_name: 'mood', inputs, raw_input_contents });
      expect([refused.code, refused.details]).toEqual([3, expect.stringMatching(words)]);
    }
    for (const { status, logits } of await Promise.all(served)) {
      expect(status).toBe(200);
      expect(distance(logits, goldenOutputs('text-sentiment')[2] ?? [])).toBeLessThan(
        TOLERANCE['text-sentiment'],
      );
    }
    const about = async (what: string): Promise<Document> =>
      (await fetch(`${url}/v2/models/mood${what}`)).json();
    const stats = (await about('/stats')).model_stats[0];
    expect(stats.inference_stats.fail.count).toBe(3 * wrong.length);
    expect(stats.inferometer.instance_crashes).toBe(0);
    const { inputs } = await about('');
    expect(inputs.map(({ parameters }: { parameters: object }) => parameters)).toMatchObject([
      { min: '0', max: '8191', max_shape: '-1,64' },
      { min: '0', max: '1', same_shape_as: 'input_ids' },
    ]);
    grpc.close();
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
  expect(modelMetadata({ signature, examples, limits: {} }, ['1']).inputs).toEqual([
    { ...input('ids'), parameters: { example_values: 'ints(0, 9)', example_shape: '3,4' } },
    input('x'),
  ]);
});
