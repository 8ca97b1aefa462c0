import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { BodyBuffers } from './body-buffers.ts';
import type { DoorSettings } from './door-settings.ts';
import { type PlainCaller, type PlainRequest, servePlainly } from './plain-lane.ts';
import type { Reply } from './reply.ts';

/** Answers plain infer requests. Never rejects. */
export type AnswerPlain = (request: PlainRequest, caller: PlainCaller) => Promise<Reply>;

/** What the listener knows of its connections. */
export interface PlainDoorDeps {
  readonly answer: AnswerPlain;
  readonly settings: DoorSettings;
  /** How long a connection may be silent between two requests. */
  readonly idleMs: number;
  goneOf(socket: Socket): AbortSignal;
  draining(): boolean;
  /** Around every request that is served on the short way. */
  began(socket: Socket): void;
  ended(socket: Socket): void;
}

/**
 * Puts the short way before the reader of this server: a connection gets to the reader with the first request that is not
 * plain. To be called when whoever else listens for connections does so already. The answer closes those that have not
 * got to the reader, which knows nothing of them.
 */
export function putBeforeReader(http: Server, deps: PlainDoorDeps): () => void {
  const { settings, idleMs, draining } = deps;
  // Node's own, which a server begins with.
  const [reader] = http.listeners('connection') as ((socket: Socket) => void)[];
  if (reader === undefined) throw new Error('a server without its reader');
  http.removeListener('connection', reader);
  const sockets = new Set<Socket>();
  const buffers = new BodyBuffers();
  http.on('connection', (socket: Socket) => {
    const caller = { gone: deps.goneOf(socket), address: () => socket.remoteAddress ?? '' };
    const left = () => sockets.delete(socket);
    sockets.add(socket);
    socket.once('close', left);
    servePlainly(socket, {
      answer: (request) => deps.answer(request, caller),
      handOver() {
        socket.off('close', left);
        left();
        reader.call(http, socket);
      },
      closing: draining,
      firstMs: settings.limits.headersMs,
      idleMs,
      requestMs: Math.max(settings.limits.requestMs, settings.limits.headersMs),
      buffers,
      unreadable: (why) => http.emit('clientError', UNREADABLE[why](), socket),
      lingering: () => endUntaken(socket, settings),
      began: () => deps.began(socket),
      ended: () => deps.ended(socket),
    });
  });
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

/** What Node says of a request that was not whole in time, and of one whose end never comes. */
const UNREADABLE = {
  'too slow': () => Object.assign(new Error('Request timeout'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }),
  'cut short': () => Object.assign(new Error('Parse Error'), { code: 'HPE_INVALID_EOF_STATE' }),
} as const;

/** Ends the connection of a reader who has not taken an answer within its time. */
function endUntaken(socket: Socket, { limits, counts }: DoorSettings): { taken(): void } {
  const timer = setTimeout(() => {
    if (socket.destroyed) return;
    counts['slow-reader']++;
    socket.destroy();
  }, limits.answerMs);
  const taken = () => clearTimeout(timer);
  socket.once('close', taken);
  return { taken };
}
