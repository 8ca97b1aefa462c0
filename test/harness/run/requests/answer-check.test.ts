import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { TargetError, UsageError } from '../../../../harness/errors.ts';
import { oipRestOutputs } from '../../../../harness/protocols/oip-rest-outputs.ts';
import type { AnswerReader } from '../../../../harness/protocols/protocol.ts';
import type { Golden, LoadAssignment } from '../../../../harness/run/load-engine.ts';
import { AnswerCheck, firstDifference } from '../../../../harness/run/requests/answer-check.ts';
import { CheckedReader } from '../../../../harness/run/requests/checked-reader.ts';
import { goldensFor } from '../../../../harness/run/requests/reference-pass.ts';
import type { WorkloadSpec } from '../../../../harness/scenario/workload-spec.ts';
import { assignment, runLoad } from '../../../support/assignment.ts';
import { type RowServer, startRowServer } from '../../../support/row-server.ts';

const values = (body: string | Buffer) =>
  oipRestOutputs(Buffer.from(body))?.map((one) => [one.name, ...one.values]);

describe('the outputs of an answer', () => {
  it('are read from JSON, flat or nested', () => {
    const outputs = [
      {
        name: 'a',
        datatype: 'FP32',
        shape: [2, 2],
        data: [
          [1, 2.5],
          [3, -4e-3],
        ],
      },
      { name: 'b', datatype: 'BOOL', shape: [2], data: [true, false] },
    ];
    expect(values(JSON.stringify({ id: 'brace } in "quotes\\"', outputs }))).toEqual([
      ['a', 1, 2.5, 3, -4e-3],
      ['b', 1, 0],
    ]);
  });

  it('are read from bytes behind the JSON, in their order, beside outputs in JSON', () => {
    const outputs = [
      { name: 'h', datatype: 'FP16', shape: [2], parameters: { binary_data_size: 4 } },
      { name: 'j', datatype: 'FP32', shape: [1], data: [7] },
      { name: 'i', datatype: 'INT64', shape: [1], parameters: { binary_data_size: 8 } },
    ];
    const tail = Buffer.alloc(12);
    tail.writeUInt16LE(0x3c00, 0);
    tail.writeUInt16LE(0xc000, 2);
    tail.writeBigInt64LE(-5n, 4);
    const body = Buffer.concat([Buffer.from(JSON.stringify({ outputs })), tail]);
    expect(values(body)).toEqual([
      ['h', 1, -2],
      ['j', 7],
      ['i', -5],
    ]);
  });

  it('leave out texts', () => {
    const outputs = [
      { name: 't', datatype: 'BYTES', shape: [1], data: ['x'] },
      { name: 'b', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 5 } },
      { name: 'y', datatype: 'UINT8', shape: [1], parameters: { binary_data_size: 1 } },
    ];
    const tail = Buffer.from([1, 0, 0, 0, 65, 9]);
    expect(values(Buffer.concat([Buffer.from(JSON.stringify({ outputs })), tail]))).toEqual([['y', 9]]);
  });

  it.each(['{"outputs":[', '{"error":"no"}', 'nothing', '{"outputs":{}}'])('are none in %s', (body) => {
    expect(values(body)).toBeUndefined();
  });
});

describe('a difference', () => {
  const found = (...numbers: number[]) => [{ name: 'y', values: Float64Array.from(numbers) }];
  const expected = (...numbers: number[]) => [{ name: 'y', values: numbers }];
  it.each([
    [found(1, 2), expected(1, 2.0001), undefined],
    [found(1e6 + 50), expected(1e6), undefined],
    [found(1e6 + 150), expected(1e6), /y\[0\]/],
    [found(1e-6), expected(0), undefined],
    [found(1, 2), expected(1, 2.001), /says y\[1\] = 2, not 2.001/],
    [found(1), expected(1, 2), /has 1 numbers in y, not 2/],
    [found(Number.NaN), expected(1), /NaN/],
    [[], expected(1), /lacks the output y/],
  ])('of %o from %o', (one, other, told) => {
    const difference = firstDifference(one, other, 1e-4);
    if (told === undefined) expect(difference).toBeUndefined();
    else expect(difference).toMatch(told);
  });
});

describe('CheckedReader', () => {
  const ok: AnswerReader = {
    begin: () => {},
    data: () => {},
    finish: (status) => (status === 200 ? 'ok' : 'http-5xx'),
  };
  const goldens: Golden[] = [[{ name: 'y', values: [1] }], null];
  const checkOf = (share: number) =>
    new AnswerCheck({
      validate: { share, tolerance: 1e-4 },
      goldens,
      payloadOf: (index) => index % 2,
      protocol: { outputs: oipRestOutputs },
      salt: 5,
    });
  const feed = (reader: CheckedReader, index: number, answer: number, status = 200) => {
    reader.begin(index);
    const body = Buffer.from(`__{"outputs":[{"name":"y","data":[${answer}]}]}__`);
    for (let at = 2; at < body.length - 2; at += 7) reader.data(body, at, Math.min(at + 7, body.length - 2));
    return reader.finish(status);
  };

  it('compares answers that came in pieces, one after another in the same reader', () => {
    const check = checkOf(1);
    const reader = new CheckedReader(ok, check);
    expect([feed(reader, 0, 1), feed(reader, 2, 2), feed(reader, 4, 1)]).toEqual([
      'ok',
      'wrong-answer',
      'ok',
    ]);
    expect(check.facts).toEqual({
      compared: 3,
      wrong: 1,
      example: 'the answer to request 2 says y[0] = 2, not 1',
    });
  });

  it('leaves alone what has no golden answer, and what was not ok anyway', () => {
    const check = checkOf(1);
    const reader = new CheckedReader(ok, check);
    expect([feed(reader, 1, 99), feed(reader, 0, 99, 500)]).toEqual(['ok', 'http-5xx']);
    expect(check.facts.compared).toBe(0);
  });

  it('compares the share that is asked for, the same requests whoever asks', () => {
    const [one, other] = [checkOf(0.1), checkOf(0.1)];
    const chosen = Array.from({ length: 20_000 }, (_, index) => one?.goldenOf(index * 2) !== null);
    expect(chosen.filter(Boolean).length / chosen.length).toBeCloseTo(0.1, 1);
    expect(chosen.map((_, index) => other?.goldenOf(index * 2) !== null)).toEqual(chosen);
  });
});

describe('against a server', () => {
  let server: RowServer | undefined;
  const folder = mkdtempSync(join(tmpdir(), 'goldens-'));
  afterEach(async () => {
    await server?.stop();
    server = undefined;
    rmSync(folder, { recursive: true, force: true });
  });
  const asked = (
    url: string,
    workload: Partial<WorkloadSpec>,
    changes: Partial<LoadAssignment> = {},
  ): LoadAssignment =>
    assignment(url, {
      durationMs: 600,
      workload: {
        rows: [
          { rows: 1, share: 0.5 },
          { rows: 3, share: 0.5 },
        ],
        encoding: 'json',
        inputs: {},
        distinct: 16,
        validate: { share: 1, tolerance: 1e-4 },
        ...workload,
      },
      ...changes,
    });
  const never = new AbortController().signal;

  it.each([
    ['json', false],
    ['binary', false],
    ['json', true],
    ['binary', true],
  ] as const)('in %s, rows crossed between requests: %s', async (encoding, crossed) => {
    server = await startRowServer({ crossed });
    const given = asked(server.url, { encoding });
    const goldens = await goldensFor(given, 0, never);
    expect(goldens).toHaveLength(16);
    expect(server.answered()).toBe(16);
    const { answers, counts, warmupCounts } = await runLoad({
      ...given,
      ...(goldens === undefined ? {} : { goldens }),
    });
    const wrong = (counts.byOutcome['wrong-answer'] ?? 0) + (warmupCounts.byOutcome['wrong-answer'] ?? 0);
    expect(answers?.compared).toBe(counts.ok + warmupCounts.ok + wrong);
    expect(answers?.wrong).toBe(wrong);
    if (crossed) {
      expect(wrong).toBeGreaterThan(50);
      expect(answers?.example).toMatch(/the answer to request \d+ (says y|has)/);
    } else {
      expect(wrong).toBe(0);
      expect(counts.ok).toBeGreaterThan(50);
    }
  });

  it('takes what the file expects, and asks nothing beforehand', async () => {
    server = await startRowServer();
    const path = join(mkdtempSync(join(tmpdir(), 'expected-')), 's.jsonl');
    const line = (x: number[], y: number) => JSON.stringify({ inputs: { x }, expected: { y: [y] } });
    writeFileSync(path, `${line([1, 2, 3, 4], 10)}\n${line([1, 1, 1, 1], 5)}\n`);
    const given = asked(server.url, { from: { path, written: 's.jsonl', sha256: '' } });
    const goldens = (await goldensFor(given, 0, never)) ?? [];
    expect(server.answered()).toBe(0);
    const { counts, answers } = await runLoad({ ...given, goldens });
    expect(counts.byOutcome['wrong-answer']).toBe(counts.scheduled / 2);
    expect(answers?.example).toMatch(/says y\[0\] = 4, not 5/);
  });

  it('refuses payloads without end, and a server that does not answer', async () => {
    server = await startRowServer();
    await expect(goldensFor(asked(server.url, { distinct: 'all' }), 0, never)).rejects.toThrow(UsageError);
    const { url } = server;
    await server.stop();
    await expect(goldensFor(asked(url, {}), 0, never)).rejects.toThrow(TargetError);
    expect(await goldensFor(assignment(url), 0, never)).toBeUndefined();
  });
});
