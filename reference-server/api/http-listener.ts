import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '../errors.ts';
import { checkEveryMs, type DoorSettings } from './door-settings.ts';
import { answerUnreadable, refusalOf } from './http-refusal.ts';
import { OpenRequests } from './open-requests.ts';
import { type AnswerPlain, putBeforeReader } from './plain-door.ts';

/** How long open connections must have been quiet before a shutdown closes them: a request may be under way. */
const QUIET_MS = 1000;
const POLL_MS = 10;
const KEEP_ALIVE_MS = 300_000;
const BACKLOG = 4096;

export interface HttpListener {
  /** Answers `http://host:port`, or `https://host:port`. */
  listen(host: string, port: number): Promise<string>;
  draining(): boolean;
  /** Aborted when the request's connection closes. */
  signalOf(request: IncomingMessage): AbortSignal;
  /** Takes no new connections, and waits for what is being served, bounded. */
  drain(atMostMs: number): Promise<void>;
  /** Closes every connection; what was still being answered has until then. */
  close(atMostMs: number): Promise<void>;
}

/** Sockets and their lifetime: knows nothing of what is served. Without `answerPlain` all requests go the long way. */
export function buildHttpListener(
  serve: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  settings: DoorSettings,
  answerPlain?: AnswerPlain,
): HttpListener {
  let draining = false;
  const http = serverFor(settings, (request, response) => {
    const { socket } = request;
    open.began(socket);
    response.on('close', () => open.ended(socket));
    void serve(request, response).then(() => endSlowReader(socket, response, settings));
  });
  const open = new OpenRequests(http, settings.tls === undefined ? 'connection' : 'secureConnection');
  const closePlain =
    answerPlain === undefined || settings.tls !== undefined
      ? () => {}
      : putBeforeReader(http, {
          answer: answerPlain,
          settings,
          idleMs: KEEP_ALIVE_MS,
          goneOf: (socket) => open.signalOf(socket),
          draining: () => draining,
          began: (socket) => open.began(socket),
          ended: (socket) => open.ended(socket),
        });
  hearOthers(http, settings);

  return {
    listen: async (host, port) => {
      const address = await listen(http, host, port);
      return `${settings.tls === undefined ? 'http' : 'https'}://${address}`;
    },
    draining: () => draining,
    signalOf: (request) => open.signalOf(request.socket),
    async drain(atMostMs) {
      const deadlineMs = performance.now() + atMostMs;
      draining = true;
      open.watch();
      // Connections that wait to be accepted are taken first: closing the listening socket would reset them.
      await sleep(POLL_MS);
      // Not http.close(): it would reset idle connections on which a request may be under way at this instant.
      NetServer.prototype.close.call(http);
      while (!open.isQuiet(QUIET_MS) && performance.now() < deadlineMs) await sleep(POLL_MS);
    },
    async close(atMostMs) {
      const deadlineMs = performance.now() + atMostMs;
      while (open.active > 0 && performance.now() < deadlineMs) await sleep(POLL_MS);
      http.closeAllConnections();
      closePlain();
    },
  };
}

function serverFor(
  { tls, limits }: DoorSettings,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const options = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Node's own answer to a request without a host has no reason in it: ours has.
    requireHostHeader: false,
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: Math.max(limits.requestMs, limits.headersMs),
    connectionsCheckingInterval: checkEveryMs(limits),
  };
  const server =
    tls === undefined
      ? createServer(options, onRequest)
      : createTlsServer({ ...options, ...tls, handshakeTimeout: limits.headersMs }, onRequest);
  if (limits.connections > 0) server.maxConnections = limits.connections;
  return server;
}

/** Connections and requests that do not come to be served, or not as they are. */
function hearOthers(http: Server, { counts }: DoorSettings): void {
  http.on('drop', () => {
    counts.connections++;
  });
  http.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const refusal = refusalOf(error);
    if (refusal !== undefined) counts[refusal]++;
    answerUnreadable(error, socket);
  });
  // A server need not refuse an expectation that it does not know (RFC 9110, 10.1.1).
  http.on('checkExpectation', (request, response) => http.emit('request', request, response));
}

/** What the kernel did not take at once waits for its reader; so does what comes behind it on the connection. */
function endSlowReader(socket: Socket, response: ServerResponse, { limits, counts }: DoorSettings): void {
  const isInLine = response.socket === null;
  if (response.closed || (!isInLine && socket.writableLength === 0)) return;
  const timer = setTimeout(() => {
    if (socket.destroyed) return;
    counts['slow-reader']++;
    socket.destroy();
  }, limits.answerMs);
  response.on('close', () => clearTimeout(timer));
}

function listen(http: NetServer, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => reject(cannotListen(error, host, port));
    http.once('error', refused);
    http.listen({ host, port, backlog: BACKLOG }, () => {
      // From here on an error is one connection that could not be accepted (no file descriptor left): not our end.
      http.off('error', refused).on('error', () => {});
      const { port: boundPort } = http.address() as AddressInfo;
      resolve(`${host.includes(':') ? `[${host}]` : host}:${boundPort}`);
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
