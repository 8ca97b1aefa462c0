import type { IncomingMessage, ServerResponse } from 'node:http';
import { plainDoor } from '../api/door-settings.ts';
import { buildHttpListener } from '../api/http-listener.ts';
import { failureReply, send } from '../api/reply.ts';
import { readBody } from '../api/request-body.ts';
import { ServingError } from '../errors.ts';
import type { FrontDoor } from './balancer.ts';
import { forward } from './forward.ts';
import type { Replica, ReplicaTable } from './replica-table.ts';

/** As much as a server of ours takes. */
const BODY_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * HTTP/1.1, request by request. A request is read whole, so that it can go elsewhere where a replica does not accept it;
 * one that may have been served is never sent again.
 *
 *     no replica takes it      503, Retry-After
 *     the replica went away    502
 */
export function httpDoor(table: ReplicaTable): FrontDoor {
  const listener = buildHttpListener((request, response) => serve(request, response, table), plainDoor());
  return {
    listen: (host, port) => listener.listen(host, port),
    async drain(atMostMs) {
      await listener.drain(atMostMs);
      await listener.close(0);
    },
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, table: ReplicaTable): Promise<void> {
  table.arrived();
  try {
    const body = await readBody(request, BODY_LIMIT_BYTES);
    table.ended(await answerFrom(table, request, body, response));
  } catch (error) {
    const cancelled = error instanceof ServingError && error.kind === 'cancelled';
    table.ended(cancelled ? 'cancelled' : 'refused');
    if (!cancelled) send(response, failureReply(error), false);
  }
}

/** Asks one replica after the other until one accepts the request. Throws `unavailable` where none does. */
async function answerFrom(
  table: ReplicaTable,
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
) {
  for (;;) {
    const replica = table.take();
    if (replica === undefined) {
      throw new ServingError('unavailable', 'no replica takes requests');
    }
    const outcome = await forward(request, body, replica, response);
    if (outcome === 'unreached') {
      table.takeBack(replica);
      continue;
    }
    table.release(replica);
    if (outcome === 'failed') tellFailure(response, replica);
    return outcome;
  }
}

/** Where the answer had begun, the client's connection has been broken off instead. */
function tellFailure(response: ServerResponse, { name }: Replica): void {
  if (response.headersSent || response.destroyed) return;
  const error = `the replica ${name} went away before it answered`;
  const body = Buffer.from(JSON.stringify({ error }));
  send(response, { status: 502, contentType: 'application/json', body }, false);
}
