import type { ServerResponse } from 'node:http';
import { asServingError, type ServingError } from '../errors.ts';

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  /** Further headers: name, value, name, value … */
  readonly headers?: readonly string[];
}

export function jsonReply(document: unknown): Reply {
  return {
    status: 200,
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify(document), 'utf8'),
  };
}

export function failureReply(thrown: unknown): Reply {
  const error: ServingError = asServingError(thrown);
  return { ...jsonReply({ error: error.message }), status: error.status, headers: error.headers };
}

export function send(response: ServerResponse, reply: Reply, closeConnection: boolean): void {
  const head = ['Content-Type', reply.contentType, 'Content-Length', String(reply.body.byteLength)];
  if (reply.headers !== undefined) head.push(...reply.headers);
  if (closeConnection) head.push('Connection', 'close');
  response.writeHead(reply.status, head);
  response.end(reply.body);
}
