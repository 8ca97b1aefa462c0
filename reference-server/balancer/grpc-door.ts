import {
  type ClientHttp2Session,
  connect,
  constants,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { plainDoor } from '../api/door-settings.ts';
import { buildGrpcListener } from '../api/grpc-listener.ts';
import type { FrontDoor } from './balancer.ts';
import { relay } from './grpc-relay.ts';
import type { Replica, ReplicaTable } from './replica-table.ts';

const STREAM_WINDOW_BYTES = 2 ** 20;
const CONNECTION_WINDOW_BYTES = 2 ** 24;
const UNAVAILABLE = '14';

/**
 * gRPC, call by call, over one HTTP/2 connection to each replica. A call goes elsewhere where a replica does not accept
 * connections; one whose replica went away ends as UNAVAILABLE, and is not made again.
 */
export function grpcDoor(table: ReplicaTable): FrontDoor {
  const sessions = new Sessions();
  const listener = buildGrpcListener(
    (stream, headers) => void serve(stream, headers, table, sessions),
    plainDoor(),
  );
  return {
    listen: (host, port) => listener.listen(host, port),
    async drain(atMostMs) {
      await listener.drain(atMostMs);
      await listener.close(0);
      sessions.close();
    },
  };
}

async function serve(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  table: ReplicaTable,
  sessions: Sessions,
): Promise<void> {
  table.arrived();
  stream.on('error', () => {});
  for (let replica = table.take(); replica !== undefined; replica = table.take()) {
    const session = await sessions.to(replica);
    const outcome = session === undefined ? 'unreached' : await relay(stream, headers, session);
    if (outcome === 'unreached') {
      table.takeBack(replica);
      continue;
    }
    table.release(replica);
    table.ended(outcome);
    if (outcome === 'failed') endAs(stream, `the replica ${replica.name} went away before it answered`);
    return;
  }
  table.ended('refused');
  endAs(stream, 'no replica takes requests');
}

/** Where the answer had begun, the call is broken off: what the client has is not the whole. */
function endAs(stream: ServerHttp2Stream, message: string): void {
  if (stream.closed || stream.destroyed) return;
  if (stream.headersSent) {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return;
  }
  const grpc = { 'content-type': 'application/grpc', 'grpc-status': UNAVAILABLE, 'grpc-message': message };
  stream.respond({ ':status': 200, ...grpc }, { endStream: true });
}

/** One connection to each replica, opened with its first call and again when it has gone. */
class Sessions {
  readonly #open = new Map<Replica, Promise<ClientHttp2Session | undefined>>();

  /** Undefined where the replica does not accept connections. */
  to(replica: Replica): Promise<ClientHttp2Session | undefined> {
    const known = this.#open.get(replica);
    if (known !== undefined) return known;
    const opening = this.#connect(replica);
    this.#open.set(replica, opening);
    return opening;
  }

  close(): void {
    for (const opening of this.#open.values()) void opening.then((session) => session?.destroy());
  }

  #connect(replica: Replica): Promise<ClientHttp2Session | undefined> {
    const session = connect(`http://${replica.host}:${replica.port}`, {
      settings: { initialWindowSize: STREAM_WINDOW_BYTES, enablePush: false },
    });
    const forget = (): void => void this.#open.delete(replica);
    session.on('goaway', forget);
    session.on('close', forget);
    return new Promise((resolve) => {
      session.on('error', () => resolve(undefined));
      session.once('connect', () => {
        session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
        resolve(session);
      });
    });
  }
}
