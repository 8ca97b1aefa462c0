import { afterAll, afterEach, expect, test } from 'vitest';
import { type RowServer, startRowServer } from '../support/row-server.ts';
import { workplace } from './cli-process.ts';

const place = workplace();
let server: RowServer | undefined;
afterEach(async () => {
  await server?.stop();
});
afterAll(() => place.close());

function write(url: string, workload: string): void {
  place.write(
    'mine.yaml',
    `target: { url: "${url}", model: ranker }
workload: ${workload}
load: { poisson: { rate: 150/s } }
measure: { warmup: 200ms, duration: 1s }
`,
  );
}

const line = (...x: number[]) =>
  JSON.stringify({ inputs: { x }, expected: { y: [x.reduce((a, b) => a + b)] } });

test('rows of another request are told in the record, in words and as errors', async () => {
  server = await startRowServer({ crossed: true });
  write(server.url, '{ distinct: 8, validate: { sample: all } }');
  const ended = await place.run('run', 'mine.yaml');
  const [one] = place.latest().cases;
  expect(one?.answers?.wrong).toBeGreaterThan(10);
  expect(one?.counts.byOutcome['wrong-answer']).toBeGreaterThan(10);
  expect(place.latest().notices.map(({ id }) => id)).toContain('wrong-answers');
  expect(ended.stdout).toMatch(/answers were wrong: the\s+answer to request/);
}, 60_000);

test('a file and a mix of models: entries by popularity, right answers pass, every class in the record', async () => {
  server = await startRowServer();
  place.write('s.jsonl', `${line(1, 2, 3, 4)}\n${line(5, 6, 7, 8)}\n${line(0.5, 0, 0, 0)}\n`);
  write(
    server.url,
    '{ from: s.jsonl, keys: { distribution: zipf, s: 2 }, validate: { sample: all }, mix: { ranker: 70%, embedder: 30% } }',
  );
  expect(await place.run('run', 'mine.yaml')).toMatchObject({ code: 0 });
  const [one] = place.latest().cases;
  expect(one?.answers).toMatchObject({ wrong: 0 });
  expect(one?.answers?.compared).toBeGreaterThan(100);
  expect(Object.keys(one?.classes ?? {})).toEqual(['ranker', 'embedder']);
  expect(one?.classes.ranker?.payloads).toMatchObject({ different: 3 });
  expect(one?.classes.embedder).toMatchObject({ model: 'embedder', share: 0.3 });
}, 60_000);

test('a file that does not fit the model is refused with every line before anything is sent', async () => {
  server = await startRowServer();
  place.write('s.jsonl', `${line(1, 2, 3)}\n${line(1, 2, 3, 4)}\nnonsense\n`);
  write(server.url, '{ from: s.jsonl }');
  const { code, stderr } = await place.run('run', 'mine.yaml');
  expect(code).toBe(3);
  expect(stderr).toMatch(/s\.jsonl:1 {2}inputs\.x: found 3 numbers[\s\S]*s\.jsonl:3 {2}found no JSON/);
  expect(server.answered()).toBe(0);
}, 60_000);
