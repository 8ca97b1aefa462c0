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

/** `retryAfterMs`: when a caller who is refused for now may come again. */
export function failureReply(thrown: unknown, retryAfterMs = 1000): Reply {
  const error: ServingError = asServingError(thrown);
  const comeAgain = error.isPassing ? ['Retry-After', String(Math.ceil(retryAfterMs / 1000))] : [];
  const headers = [...error.headers, ...comeAgain];
  return { ...jsonReply({ error: error.message }), status: error.status, headers };
}

export function send(response: ServerResponse, reply: Reply, closeConnection: boolean): void {
  const head = ['Content-Type', reply.contentType, 'Content-Length', String(reply.body.byteLength)];
  if (reply.headers !== undefined) head.push(...reply.headers);
  if (closeConnection) head.push('Connection', 'close');
  response.writeHead(reply.status, head);
  response.end(reply.body);
}
