import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { plantWinner } from '../support/planted-records.ts';
import { TINY, workplace } from './cli-process.ts';

const place = workplace();
afterAll(() => place.close());

describe('one clear error with the nearest name, exit 3', () => {
  place.write('tiny.yaml', TINY);
  place.write('run.json', JSON.stringify(plantWinner()));
  test.concurrent.each([
    [['rnu', 'smoke'], 'did you mean run?'],
    [['run', 'batchin'], 'did you mean batching?'],
    [['run', 'tiny.yml'], 'did you mean tiny.yaml?'],
    [['run', 'smoke', '--qick'], 'did you mean --quick?'],
    [['run', 'smoke', '--asfound'], 'did you mean --as-found?'],
    [['run', 'smoke', '--set', 'model=recomender'], 'did you mean recommender?'],
    [['run', 'smoke', '--set', 'load.closed.inflight=3'], 'did you mean load.closed.inFlight?'],
    [['run', 'smoke', '--set', 'decide.price.machine=aws/g5.xlarg'], 'Did you mean aws/g5.xlarge?'],
    [['cost', 'run.json', '--price', 'aws/g5.xlarg'], 'Did you mean aws/g5.xlarge?'],
    [['gate', 'run.json', '--budget', 'p99<50ms @ bach=32'], 'Did you mean batch?'],
    [['serve', '--model', 'recomender'], 'did you mean recommender?'],
    [['serve', '--port', 'http'], '--port'],
    [['run', 'smoke', '--seed', 'x'], '--seed'],
    [['run'], 'inferometer run smoke'],
    [['gate', 'results/nothing'], 'There is no run at results/nothing.'],
    [['explain', 'client-limitd'], 'client-limited'],
    [[], 'inferometer run smoke'],
  ])('%j', async (words, hint) => {
    const { code, stdout, stderr } = await place.run(...words);
    expect(stderr).toContain(hint);
    expect(stderr).not.toMatch(/\n {4}at |internal error/);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  });
});

test('three mistakes in a file are three located errors', async () => {
  const file = place.write(
    'wrong.yaml',
    'name: wrong\ntarget: { reference: { model: recomender } }\nload: { poisson: { rate: 200 } }\nmeasure: { duraton: 1s }\n',
  );
  const { code, stderr } = await place.run('run', file);
  expect(code).toBe(3);
  expect(stderr).toContain('3 problems');
  expect(stderr).toMatch(/wrong\.yaml:2 .*recomender/);
  expect(stderr).toMatch(/wrong\.yaml:3 .*200\/s|wrong\.yaml:3 .*\n.*200\/s/);
  expect(stderr).toMatch(/wrong\.yaml:4 .*duraton/);
});

test('a file in the way of the results is said before anything starts', async () => {
  place.write('taken', '');
  const { code, stderr, stdout } = await place.run('run', 'tiny.yaml', '--out', 'taken');
  expect(stderr).toMatch(/taken cannot be written: a file is in the way.*Nothing was sent/);
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
});

test('--dry-run sends nothing and says cases, time and percentiles', async () => {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stdout } = await place.run(
    'run',
    'capacity',
    '--dry-run',
    '--url',
    url,
    '--model',
    'recommender',
  );
  server.close();
  expect({ code, requests }).toEqual({ code: 0, requests: 0 });
  expect(stdout).toMatch(/cases +11 = 1 saturation \(closed loop\) \+ 10 at a rate/);
  expect(stdout).toMatch(/time +about .* of which 44 s measured/);
  expect(stdout).toMatch(/p99 at any rate +459 /);
  expect(stdout).toContain('Nothing was sent.');
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(88);
});

test('list names every scenario with its question; every verb has help with an example', async () => {
  const { stdout } = await place.run('list');
  for (const name of ['smoke', 'batching', 'arrival', 'capacity']) {
    expect(stdout).toMatch(new RegExp(`${name} +\\w.*\\?`));
  }
  const verbs = ['run', 'list', 'explain', 'report', 'compare', 'gate', 'cost', 'serve'];
  const helps = await Promise.all(verbs.map((verb) => place.run(verb, '--help')));
  for (const help of helps)
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('Examples:') });
});
