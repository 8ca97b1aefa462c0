import { setTimeout as sleep } from 'node:timers/promises';
import fc, { array, asyncProperty, constantFrom, integer, record } from 'fast-check';
import { expect, it } from 'vitest';
import { parseServerConfig } from '../../reference-server/config.ts';
import { buildServer } from '../../reference-server/server.ts';
import { realClock } from '../../reference-server/telemetry/timings.ts';
import { open } from './raw-answers.ts';
import { rowsOf, StackingInstance } from './stacking-instance.ts';

/*
 * Buffers of large bodies are used again. Every request's numbers are one number of its own; whatever reads a body
 * when its buffer has become the next one's finds another number, or two of them.
 */

/** Of two lengths, both of which are used again. */
const ROWS = [5500, 6000] as const;
const GRAPH = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
  outputs: ['same', 'other', 'x'],
  nodes: [
    { model: 'plain', inputs: { x: 'x' }, outputs: { same: 'same' } },
    { model: 'second', inputs: { x: 'x' }, outputs: { same: 'other' } },
  ],
};
const CONFIG = {
  port: 0,
  drainMs: 2000,
  batching: { maxRows: 30_000, maxQueueRows: 2_000_000 },
  models: [
    { name: 'plain', source: 'plain' },
    { name: 'second', source: 'second' },
    { name: 'cached', source: 'cached', cache: { kind: 'local' } },
    { name: 'piped', source: 'piped', pipeline: { outputs: ['same', 'x'] } },
    {
      name: 'shadowed',
      source: 'first',
      otherVersions: { 2: 'shadow' },
      defaultVersion: '1',
      routing: { shadow: { version: 2, maxInFlight: 10_000 } },
    },
    { name: 'both', ensemble: GRAPH },
  ],
};
const MODELS = ['plain', 'cached', 'piped', 'shadowed', 'both'] as const;
/** Those before which requests wait that are answered, or given up, elsewhere. */
const SLOW = ['shadow', 'cached', 'second'];
type Model = (typeof MODELS)[number];

interface Call {
  readonly model: Model;
  readonly rows: number;
  /** Pieces in which the body goes out. */
  readonly pieces: number;
  /** The caller reads its answer, goes away when all is sent, or in the middle of sending. */
  readonly end: 'read' | 'leave' | 'break';
  /** Asks for what the call before it asks for, at the same time. */
  readonly joins: boolean;
}

const anyCall = record({
  model: constantFrom(...MODELS),
  rows: constantFrom(...ROWS),
  pieces: integer({ min: 1, max: 4 }),
  end: constantFrom('read', 'read', 'read', 'leave', 'break'),
  joins: constantFrom(false, true),
});

async function start() {
  const instances = new Map<string, StackingInstance>();
  const server = await buildServer(parseServerConfig(JSON.stringify(CONFIG)), {
    clock: realClock,
    startInstance: async ({ modelPath }) => {
      const instance = new StackingInstance(SLOW.includes(modelPath) ? 15 : 1);
      instances.set(modelPath, instance);
      return instance;
    },
    modelPath: async (source) => source,
    log: () => {},
    version: '1.2.3',
  });
  return { server, port: Number(new URL(await server.listen()).port), instances };
}

function requestOf({ model, rows }: Call, tag: number): Buffer {
  const size = rows * 3 * 4;
  const json = JSON.stringify({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [rows, 3], parameters: { binary_data_size: size } }],
    parameters: { binary_data_output: true },
  });
  const tensor = Buffer.from(new Float32Array(rows * 3).fill(tag).buffer);
  const head = [
    `POST /v2/models/${model}/infer HTTP/1.1`,
    'Host: x',
    `Content-Length: ${json.length + size}`,
    `Inference-Header-Content-Length: ${json.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n${json}`), tensor]);
}

/** What is wrong with the answer, if anything; undefined where the caller did not wait for it. */
async function made(port: number, call: Call, tag: number): Promise<string | undefined> {
  const { socket, answers } = await open(port);
  const request = requestOf(call, tag);
  const step = Math.ceil(request.length / call.pieces);
  const until = call.end === 'break' ? request.length - 1000 : request.length;
  for (let at = 0; at < until; at += step) {
    socket.write(request.subarray(at, Math.min(at + step, until)));
    await sleep(1);
  }
  const answer = call.end === 'read' ? await answers.next() : undefined;
  socket.destroy();
  if (call.end !== 'read') return undefined;
  if (answer?.status !== 200) return `${call.model} ${tag}: ${answer?.body ?? 'no answer'}`;
  const jsonBytes = Number(answer.headers['inference-header-content-length']);
  const found = rowsOf(new Uint8Array(Buffer.from(answer.body.slice(jsonBytes), 'latin1')));
  return found.isOne && found.tag === tag ? undefined : `${call.model} ${tag}: ${JSON.stringify(found)}`;
}

it('no request meets the bytes of another, whatever outlives its answer', async () => {
  const { server, port, instances } = await start();
  const modelOfTag = new Map<number, Model>();
  const copied: number[] = [];
  await fc.assert(
    asyncProperty(array(anyCall, { minLength: 20, maxLength: 40 }), async (calls) => {
      const tagged = withTags(calls, modelOfTag);
      const wrong = await Promise.all(
        tagged.map(async ({ call, tag }, at) => {
          await sleep(at);
          const problem = await made(port, call, tag);
          if (call.end === 'read' && call.model === 'shadowed') copied.push(tag);
          return problem;
        }),
      );
      expect(wrong.filter((problem) => problem !== undefined)).toEqual([]);
    }),
    { numRuns: 25, endOnFailure: true },
  );
  await server.stop();
  const seenBy = (name: string) => instances.get(name)?.seen ?? [];
  const reusedBy = (name: string) => instances.get(name)?.reused;
  expect(reusedBy('plain')).toBeGreaterThan(5);
  expect(['cached', 'piped', 'first', 'shadow', 'second'].map(reusedBy)).toEqual([0, 0, 0, 0, 0]);
  expect(copied.length).toBeGreaterThan(50);
  expect(copied.filter((tag) => !seenBy('shadow').some((seen) => seen.tag === tag))).toEqual([]);
  for (const name of instances.keys()) {
    const strange = seenBy(name).filter(
      ({ tag, isOne }) => !isOne || !readersOf(modelOfTag.get(tag)).includes(name),
    );
    expect([name, strange]).toEqual([name, []]);
  }
});

/** A number of its own for each, or that of the call before it. */
function withTags(calls: readonly Call[], modelOfTag: Map<number, Model>) {
  const tagged: { readonly call: Call; readonly tag: number }[] = [];
  for (const call of calls) {
    const before = tagged.at(-1);
    if (call.joins && before !== undefined) {
      const { model, rows } = before.call;
      tagged.push({ call: { ...call, model, rows }, tag: before.tag });
    } else {
      // So few that a float holds them exactly.
      const tag = modelOfTag.size + 1;
      modelOfTag.set(tag, call.model);
      tagged.push({ call, tag });
    }
  }
  return tagged;
}

/** The instances that a request of the model comes to. */
function readersOf(model: Model | undefined): readonly string[] {
  if (model === undefined) return [];
  const others = { both: ['plain', 'second'], shadowed: ['first', 'shadow'] };
  return model in others ? others[model as keyof typeof others] : [model];
}
