import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { failureReply, jsonReply, type Reply, send } from '../api/reply.ts';
import { readBody } from '../api/request-body.ts';
import { invalid, ServingError } from '../errors.ts';
import { type Balancer, replicaAddress } from './balancer.ts';

/**
 * Where a balancer is told what to do, apart from its front door:
 *
 *     GET  /status    what it runs, what arrived, each replica
 *     POST /add       {name, url}: resolves when the replica gets requests
 *     POST /remove    {name, withinMs}: {idle} when it has answered what it got, or the time is over
 */
export async function openControl(balancer: Balancer): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    void answer(request, balancer)
      .catch(failureReply)
      .then((reply) => send(response as ServerResponse, reply, true));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const removal = z.strictObject({ name: z.string(), withinMs: z.number().min(0) });
const LIMIT_BYTES = 64 * 1024;

async function answer(request: IncomingMessage, balancer: Balancer): Promise<Reply> {
  switch (`${request.method} ${request.url}`) {
    case 'GET /status':
      return jsonReply(await balancer.status());
    case 'POST /add':
      await balancer.add(await read(request, replicaAddress));
      return jsonReply({});
    case 'POST /remove': {
      const { name, withinMs } = await read(request, removal);
      return jsonReply({ idle: await balancer.remove(name, withinMs) });
    }
    default:
      throw new ServingError('not-found', `there is no ${request.method} ${request.url} here`);
  }
}

async function read<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const text = (await readBody(request, LIMIT_BYTES)).toString('utf8');
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}
