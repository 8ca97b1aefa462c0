import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../errors.ts';

/** How long open connections must have been quiet before a shutdown closes them: a request may be under way. */
const QUIET_MS = 1000;
const POLL_MS = 10;
const KEEP_ALIVE_MS = 300_000;
const BACKLOG = 4096;

export interface HttpListener {
  /** Answers `http://host:port`. */
  listen(host: string, port: number): Promise<string>;
  draining(): boolean;
  /** Aborted when the request's connection closes. */
  signalOf(request: IncomingMessage): AbortSignal;
  /** Takes no new connections, waits for what is being served (bounded), closes every connection. */
  drain(atMostMs: number): Promise<void>;
}

/** Sockets and their lifetime: knows nothing of what is served. */
export function buildHttpListener(
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): HttpListener {
  const gone = new WeakMap<Socket, AbortSignal>();
  let connections = 0;
  let active = 0;
  let quietSinceMs = 0;
  let draining = false;

  // Node's own answer to a request without a host has no reason in it: ours has.
  const options = { keepAliveTimeout: KEEP_ALIVE_MS, requireHostHeader: false };
  const http = createServer(options, (request, response) => {
    active++;
    response.on('close', () => {
      active--;
      quietSinceMs = performance.now();
    });
    void serve(request, response);
  });
  // One signal a connection, not one a request: HTTP/1.1 serves a connection's requests one after the other.
  http.on('connection', (socket) => {
    const controller = new AbortController();
    gone.set(socket, controller.signal);
    connections++;
    socket.on('close', () => {
      connections--;
      controller.abort();
    });
  });
  // A server need not refuse an expectation that it does not know (RFC 9110, 10.1.1).
  http.on('checkExpectation', (request, response) => http.emit('request', request, response));
  http.on('clientError', answerMalformed);

  return {
    listen: (host, port) => listen(http, host, port),
    draining: () => draining,
    signalOf: (request) => gone.get(request.socket) ?? AbortSignal.abort(),
    async drain(atMostMs) {
      const deadlineMs = performance.now() + atMostMs;
      draining = true;
      quietSinceMs = performance.now();
      // Connections that wait to be accepted are taken first: closing the listening socket would reset them.
      await sleep(POLL_MS);
      // Not http.close(): it would reset idle connections on which a request may be under way at this instant.
      NetServer.prototype.close.call(http);
      const quiet = () => connections === 0 || (active === 0 && performance.now() - quietSinceMs >= QUIET_MS);
      while (!quiet() && performance.now() < deadlineMs) await sleep(POLL_MS);
      http.closeAllConnections();
    },
  };
}

function listen(http: NetServer, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => reject(cannotListen(error, host, port));
    http.once('error', refused);
    http.listen({ host, port, backlog: BACKLOG }, () => {
      // From here on an error is one connection that could not be accepted (no file descriptor left): not our end.
      http.off('error', refused).on('error', () => {});
      const { port: boundPort } = http.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${boundPort}`);
    });
  });
}

export function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): StartupError {
  const advice = 'Stop the program that uses it, or choose another port: 0 takes any free one.';
  if (error.code === 'EADDRINUSE') {
    return new StartupError(`port ${port} on ${host} is in use`, advice, 4, { cause: error });
  }
  const message = `cannot listen on ${host}:${port}: ${error.message}`;
  return new StartupError(message, 'Choose another host or port.', 4, { cause: error });
}

/** What is not HTTP gets the same shape of answer as every other mistake. */
function answerMalformed(error: Error, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ error: `the request is not HTTP/1.1: ${error.message}` });
  const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
}
