import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DoorSettings } from './door-settings.ts';
import { cannotListen } from './http-listener.ts';

const STREAM_WINDOW_BYTES = 2 ** 20;
const CONNECTION_WINDOW_BYTES = 2 ** 24;
const MOST_STREAMS = 1024;
/** Megabytes that the streams of one connection may take before it takes no new ones; 10 is Node's default. */
const SESSION_MEMORY = 1024;
/** Where nothing else is configured. */
const PING_MS = 15_000;
const BACKLOG = 4096;
const POLL_MS = 10;

export interface GrpcListener {
  /** Answers `grpc://host:port`, or `grpcs://host:port`. */
  listen(host: string, port: number): Promise<string>;
  draining(): boolean;
  /** Tells every client to go elsewhere (GOAWAY), and waits for the calls in flight, bounded. */
  drain(atMostMs: number): Promise<void>;
  /** Closes every connection; the calls that are still in flight have until then. */
  close(atMostMs: number): Promise<void>;
}

/**
 * HTTP/2 connections and their lifetime: knows nothing of what is served. Every `pingMs` each connection is asked whether
 * it lives; the one that has not answered by the next time is closed.
 */
export function buildGrpcListener(
  serve: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void,
  settings: DoorSettings,
  pingMs = PING_MS,
): GrpcListener {
  const sessions = new Set<ServerHttp2Session>();
  const liveness = new Liveness(sessions);
  let draining = false;
  const http2 = serverFor(settings);
  http2.on('session', (session) => {
    endBetweenReads(session);
    sessions.add(session);
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    endSilent(session, settings);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
    if (draining) session.close();
  });
  const asking = setInterval(() => liveness.ask(), pingMs).unref();
  http2.on('stream', serve);
  http2.on('drop', () => {
    settings.counts.connections++;
  });
  // Small answers leave at once: they do not wait for the acknowledgement of those before.
  http2.on('connection', (socket) => socket.setNoDelay(true));
  const allGone = async (atMostMs: number): Promise<void> => {
    const deadlineMs = performance.now() + atMostMs;
    while (sessions.size > 0 && performance.now() < deadlineMs) await sleep(POLL_MS);
  };

  return {
    listen: async (host, port) => {
      const address = await listen(http2, host, port);
      return `${settings.tls === undefined ? 'grpc' : 'grpcs'}://${address}`;
    },
    draining: () => draining,
    async drain(atMostMs) {
      draining = true;
      // Connections that wait to be accepted are taken first: closing the listening socket would reset them.
      await sleep(POLL_MS);
      http2.close();
      for (const session of sessions) session.close();
      await allGone(atMostMs - POLL_MS);
    },
    async close(atMostMs) {
      await allGone(atMostMs);
      for (const session of sessions) session.destroy();
      clearInterval(asking);
    },
  };
}

function serverFor({ tls, limits }: DoorSettings): Http2Server | Http2SecureServer {
  const options = {
    settings: {
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxConcurrentStreams: MOST_STREAMS,
      maxHeaderListSize: limits.headerBytes,
    },
    maxSessionMemory: SESSION_MEMORY,
  };
  const server =
    tls === undefined
      ? createServer(options)
      : createSecureServer({ ...options, ...tls, handshakeTimeout: limits.headersMs });
  if (limits.connections > 0) server.maxConnections = limits.connections;
  return server;
}

/**
 * Node ends a session within the callback of a frame, as when its client says that it leaves. If more frames came with it,
 * the nghttp2 of Node 20 (1.61; mended in 1.68.1) then aborts the whole process. So the end waits until the read is over.
 */
function endBetweenReads(session: ServerHttp2Session): void {
  const [close, destroy] = [session.close.bind(session), session.destroy.bind(session)];
  session.close = (callback) => void setImmediate(close, callback);
  session.destroy = (error, code) => void setImmediate(destroy, error, code);
}

/** A connection on which nobody begins to speak HTTP/2. */
function endSilent(session: ServerHttp2Session, { limits, counts }: DoorSettings): void {
  const timer = setTimeout(() => {
    counts['slow-request']++;
    session.destroy();
  }, limits.headersMs);
  session.once('remoteSettings', () => clearTimeout(timer));
  session.once('close', () => clearTimeout(timer));
}

function listen(http2: Http2Server | Http2SecureServer, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => reject(cannotListen(error, host, port));
    http2.once('error', refused);
    http2.listen({ host, port, backlog: BACKLOG }, () => {
      http2.off('error', refused).on('error', () => {});
      const bound = http2.address() as AddressInfo;
      resolve(`${host.includes(':') ? `[${host}]` : host}:${bound.port}`);
    });
  });
}

/**
 * A connection whose other end is gone without a word, or that Node has stopped to read after a frame that it could not
 * take, would stay for ever, and what it holds with it.
 */
class Liveness {
  readonly #sessions: ReadonlySet<ServerHttp2Session>;
  readonly #asked = new WeakSet<ServerHttp2Session>();

  constructor(sessions: ReadonlySet<ServerHttp2Session>) {
    this.#sessions = sessions;
  }

  ask(): void {
    for (const session of this.#sessions) {
      if (this.#asked.has(session)) session.destroy();
      else if (!session.destroyed) this.#ping(session);
    }
  }

  #ping(session: ServerHttp2Session): void {
    this.#asked.add(session);
    session.ping((error) => {
      if (error === null) this.#asked.delete(session);
    });
  }
}
