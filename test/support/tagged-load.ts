import { GraphBuilder } from '../../reference-server/models/zoo/graph-builder.ts';
import { ModelFolder } from '../reference-server/model-folder.ts';
import { startServer } from '../reference-server/server-process.ts';
import { GrpcEncodings } from './grpc-encodings.ts';
import { rightFor, type Send, taggedPayload } from './payloads.ts';
import { RestEncodings } from './rest-encodings.ts';

export interface TaggedLoad {
  /** Rightly answered requests by encoding. */
  readonly answered: Readonly<Record<string, number>>;
  /** What came back in place of what was asked for; and requests that failed. */
  readonly wrong: readonly string[];
  /** Of the answered ones. */
  readonly rows: number;
  /** By the server's own count. */
  readonly statistics: {
    readonly inference_count: number;
    readonly execution_count: number;
    readonly inference_stats: {
      readonly success: { readonly count: number };
      readonly fail: { readonly count: number };
    };
  };
}

const CONNECTIONS = 32;
/** More would only fill the report. */
const SHOWN = 5;

/**
 * A server of its own with a model that doubles rows of any length, in two instances; requests with payloads that no
 * other has through both its doors, in every encoding by turns, so many at once that strangers share batches.
 */
export async function taggedLoad(requests: number, atOnce: number): Promise<TaggedLoad> {
  const folder = new ModelFolder();
  folder.write('tag/1/model.onnx', doublingModel());
  const { url, announced, child, exited } = await startServer({
    models: [],
    grpcPort: 0,
    repository: { path: folder.path },
    instances: 2,
    batching: { maxRows: 32, maxDelayMs: 2, inFlight: 2, maxQueueRows: 10_000 },
  });
  const [rest, grpc] = [new RestEncodings(url, CONNECTIONS), new GrpcEncodings(announced.grpc)];
  try {
    const encodings = Object.entries({ ...rest.all, ...grpc.all });
    const found = await answersOf(encodings, requests, atOnce);
    const about = await (await fetch(`${url}/v2/models/tag/stats`)).json();
    const [statistics] = (about as { model_stats: TaggedLoad['statistics'][] }).model_stats;
    if (statistics === undefined) throw new Error('the server counts nothing');
    return { ...found, statistics };
  } finally {
    rest.close();
    grpc.close();
    child.kill('SIGTERM');
    await exited;
    folder.remove();
  }
}

async function answersOf(
  encodings: readonly [string, Send][],
  requests: number,
  atOnce: number,
): Promise<Pick<TaggedLoad, 'answered' | 'wrong' | 'rows'>> {
  const answered: Record<string, number> = {};
  const wrong: string[] = [];
  let rows = 0;
  let next = 0;
  const caller = async (): Promise<void> => {
    for (let request = next++; request < requests; request = next++) {
      const payload = taggedPayload(request);
      const [name, send] = encodings[request % encodings.length] as [string, Send];
      const found = await send(payload).catch((error: Error) => ({ rows: 0, numbers: [error.message] }));
      const right = rightFor(payload, found.rows);
      if (found.rows === 0 || String(found.numbers) !== String(right)) {
        if (wrong.length < SHOWN) wrong.push(`${name}, request ${request}: ${found.numbers} is not ${right}`);
        continue;
      }
      answered[name] = (answered[name] ?? 0) + 1;
      rows += found.rows;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return { answered, wrong, rows };
}

/** y = 2 x, for rows of any length: those of one length share batches. */
export function doublingModel(): Buffer {
  const spec = (name: string) => ({ name, datatype: 'FP32', shape: [-1, -1] }) as const;
  const graph = new GraphBuilder('double', 1, [spec('x')], [spec('y')]);
  graph.node('Mul', 'y', ['x', graph.constant('two', 2)]);
  return Buffer.concat([...graph.file()]);
}
