import { afterEach, expect, test } from 'vitest';
import { seededRandom } from '../../harness/load/random.ts';
import { oipRest } from '../../harness/protocols/oip-rest.ts';
import { loadScenario } from '../../harness/scenario/load-file.ts';
import { parseModel } from '../../harness/targets/open-inference.ts';
import { createWorkload } from '../../harness/workload/create-workload.ts';
import { distance, floats } from '../support/goldens.ts';
import { endServers, startServer } from './server-process.ts';

afterEach(endServers);

/** The scenario's four settings as models of one server, asked as the scenario asks them. */
test('wherever its images are prepared, the model answers the same', async () => {
  const { settings } = loadScenario('pipeline');
  const models = settings.map(({ target }, at) => {
    if (target.kind !== 'reference') throw new Error('the scenario drives another server');
    const steps = target.pipeline === undefined ? {} : { pipeline: target.pipeline };
    return { name: `m${at}`, source: target.model, ...steps };
  });
  const { url } = await startServer({ models, placement: 'worker', batching: { maxRows: 1 } });
  const answers = await Promise.all(
    settings.map(async ({ workload: spec }, at) => {
      const model = parseModel(await (await fetch(`${url}/v2/models/m${at}`)).json(), `m${at}`);
      const workload = createWorkload(spec, [model], (stream) => seededRandom(1, stream));
      const template = oipRest({ model, encoding: 'binary' }).encode(workload.sample(2));
      const body = Buffer.concat([template.own, template.shared]);
      const headers = Object.fromEntries(template.headers);
      const response = await fetch(`${url}${template.path}`, { method: 'POST', body, headers });
      expect(response.status).toBe(200);
      const bytes = Buffer.from(await response.arrayBuffer());
      const head = Number(response.headers.get('inference-header-content-length'));
      return { probabilities: floats(bytes.subarray(head)), bytes: body.byteLength };
    }),
  );
  const [client, step, graph, file] = answers.map(({ probabilities }) => probabilities);
  expect(client).toHaveLength(1000);
  expect(distance(file ?? [], client ?? [])).toBeLessThan(5e-6);
  expect(distance(graph ?? [], step ?? [])).toBeLessThan(5e-6);
  // Pixels are whole numbers, which costs up to half of one.
  expect(distance(step ?? [], client ?? [])).toBeLessThan(1e-3);
  const kilobytes = answers.map(({ bytes }) => Math.round(bytes / 1000));
  expect(kilobytes.slice(0, 3)).toEqual([602, 151, 151]);
  expect(kilobytes[3]).toBeLessThan(12);
});
