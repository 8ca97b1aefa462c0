import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { parseServerConfig } from '../../reference-server/config.ts';
import { startInstance } from '../../reference-server/execution/instance.ts';
import { buildServer } from '../../reference-server/server.ts';
import { realClock } from '../../reference-server/telemetry/timings.ts';
import { GrpcEncodings } from '../support/grpc-encodings.ts';
import { type Answered, type Payload, rightFor, type Send, taggedPayload } from '../support/payloads.ts';
import { RestEncodings } from '../support/rest-encodings.ts';
import { doublingModel } from '../support/tagged-load.ts';
import { ModelFolder } from './model-folder.ts';
import { MortalWorker } from './mortal-worker.ts';
import { endServers, startServer } from './server-process.ts';

afterEach(endServers);

/** Asks through both doors, again and again, each caller in an encoding of its own; every outcome is kept. */
class BothDoors {
  readonly outcomes: string[] = [];
  readonly #rest: RestEncodings;
  readonly #grpc: GrpcEncodings;
  readonly #callers: readonly Promise<void>[];
  #stopping = false;
  #requests = 0;

  constructor(rest: string, grpc: string) {
    this.#rest = new RestEncodings(rest, 16);
    this.#grpc = new GrpcEncodings(grpc);
    const senders = [...Object.values(this.#rest.all), ...Object.values(this.#grpc.all)];
    this.#callers = senders.map((send) => this.#call(send));
  }

  /** Waits for so many more outcomes, and gives them. */
  async more(count: number): Promise<readonly string[]> {
    const from = this.outcomes.length;
    while (this.outcomes.length < from + count) await sleep(5);
    return this.outcomes.slice(from);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#callers);
    this.#rest.close();
    this.#grpc.close();
  }

  async #call(send: Send): Promise<void> {
    while (!this.#stopping) {
      const payload = taggedPayload(this.#requests++);
      const found = await send(payload).catch((error: Error) => error.message);
      this.outcomes.push(typeof found === 'string' ? found : verdict(found, payload));
      // A refusal is quick: who asks again at once would only measure that.
      if (typeof found === 'string') await sleep(5);
    }
  }
}

function verdict({ rows, numbers }: Answered, payload: Payload): string {
  const right = rightFor(payload, rows);
  return String(numbers) === String(right) ? 'right' : `${numbers} in place of ${right}`;
}

/** What a caller may be told, by status, by code, or on a stream by words alone. */
const CRASHED = /^(500: |13 INTERNAL: |)\W*(error":")?the model's thread ended with code 9/;
const NO_INSTANCE = /^(503: |14 UNAVAILABLE: |)\W*(error":")?the model has no running instance/;
const UNLOADED =
  /^(503: |14 UNAVAILABLE: |)\W*(error":")?model 'tag' has no version that is ready: it (was unloaded|is being loaded)/;
const STOPPING =
  /^(503: |14 UNAVAILABLE: |)\W*(error":")?(the server is shutting down|version 1 of .* is being unloaded)/;
/** There is no connection any more, and no new one. One that waits to be accepted as the server leaves is reset. */
const GONE = /^connect ECONN|^read ECONNRESET|^14 UNAVAILABLE: |^the stream ended/;

const among = (outcomes: readonly string[], ...allowed: RegExp[]) =>
  outcomes.filter((outcome) => outcome !== 'right' && !allowed.some((words) => words.test(outcome)));

test('threads killed, a model broken, unloaded and loaded again, a shutdown, through both doors: all are told', async () => {
  const folder = new ModelFolder();
  const worker = new MortalWorker();
  folder.write('tag/1/model.onnx', doublingModel());
  const repository = { path: folder.path, mode: 'explicit', load: ['tag'] };
  const batching = { maxRows: 16, maxDelayMs: 1, inFlight: 2 };
  const config = { port: 0, grpcPort: 0, models: [], repository, batching, instances: 2, drainMs: 1500 };
  const server = await buildServer(parseServerConfig(JSON.stringify(config)), {
    clock: realClock,
    startInstance: (options) => startInstance(options, worker.entry),
    modelPath: async (source) => source,
    log: () => {},
    version: '1',
  });
  const url = await server.listen();
  const doors = new BothDoors(url, (await server.listenGrpc()) ?? '');
  const statistics = server.models[0]?.statistics;
  if (statistics === undefined) throw new Error('no model was loaded');
  const admin = async (verb: string) =>
    (await fetch(`${url}/v2/repository/models/tag/${verb}`, { method: 'POST' })).status;
  try {
    expect(among(await doors.more(200))).toEqual([]);

    worker.killAll();
    while (statistics.instanceRestarts < 2) await sleep(5);
    await doors.more(50);
    expect(among(doors.outcomes, CRASHED, NO_INSTANCE)).toEqual([]);
    expect(among(await doors.more(200))).toEqual([]);

    folder.write('tag/1/model.onnx', 'somebody broke it');
    expect(await admin('load')).toBe(400);
    expect(among(await doors.more(200))).toEqual([]);

    expect(await admin('unload')).toBe(200);
    const unloaded = (await doors.more(50)).filter((outcome) => outcome !== 'right');
    expect(unloaded.length).toBeGreaterThan(0);
    expect(among(unloaded, UNLOADED)).toEqual([]);

    folder.write('tag/1/model.onnx', doublingModel());
    expect(await admin('load')).toBe(200);
    await doors.more(50);
    expect(among(await doors.more(200))).toEqual([]);
    const before = doors.outcomes.length;
    const stopped = server.stop();
    await doors.more(50);
    await stopped;
    await doors.stop();
    // A stream that asks on and on hears until the deadline that the server leaves, and then that its model is gone.
    expect(among(doors.outcomes.slice(before), STOPPING, UNLOADED, GONE)).toEqual([]);

    // What the server has answered was heard, all of it, and what was heard is what it has counted.
    const heard = (...words: RegExp[]) =>
      doors.outcomes.filter((outcome) => words.some((some) => some.test(outcome))).length;
    const [right, refused] = [heard(/^right$/), heard(CRASHED, NO_INSTANCE, UNLOADED, STOPPING)];
    expect(heard(STOPPING)).toBeGreaterThan(0);
    expect(statistics.success.count).toBe(right);
    expect(statistics.fail.count).toBe(refused);
    expect(statistics).toMatchObject({ arrivals: right + refused, instanceCrashes: 2 });
  } finally {
    await doors.stop();
    await server.stop();
    worker.close();
    folder.remove();
  }
}, 60_000);

test('SIGTERM under load, through both doors: whoever is not answered is told, and the process ends', async () => {
  const folder = new ModelFolder();
  folder.write('tag/1/model.onnx', doublingModel());
  const settings = { models: [], repository: { path: folder.path }, grpcPort: 0, drainMs: 1500 };
  const { url, announced, child, exited } = await startServer(settings);
  const doors = new BothDoors(url, announced.grpc);
  await doors.more(200);
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
  await doors.more(20);
  await doors.stop();
  expect(among(doors.outcomes, STOPPING, UNLOADED, GONE)).toEqual([]);
  expect(doors.outcomes.filter((outcome) => STOPPING.test(outcome)).length).toBeGreaterThan(0);
  folder.remove();
}, 30_000);
