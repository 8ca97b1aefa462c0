import { UsageError } from '../../errors.ts';
import type { NowMs } from '../../load/clock.ts';
import { LoopPacer } from '../../load/loop-pacer.ts';
import type { Pacer } from '../../load/pacer.ts';
import { lowerTimerSlack } from '../../load/thread.ts';
import { ThreadPacer } from '../../load/thread-pacer.ts';
import { PEER_TRANSPORTS } from '../../scenario/load-spec.ts';
import type { SocketSource, TlsSettings } from '../../transports/byte-stream.ts';
import { endpointOf } from '../../transports/endpoint.ts';
import { linuxCalls } from '../../transports/linux-calls.ts';
import { NativeLoop } from '../../transports/native-loop.ts';
import { NodeSockets } from '../../transports/node-sockets.ts';
import type { SleepFacts } from '../../transports/sleep-tally.ts';
import type { LoadAssignment, SocketsKind } from '../load-engine.ts';

/** Sockets, and what wakes the generator when an arrival is due: one loop for both, or Node's and a thread. */
export interface Sockets {
  readonly kind: SocketsKind;
  readonly source: SocketSource;
  readonly pacer: Pacer;
  /** How a loop of our own has slept so far. */
  readonly sleep?: SleepFacts;
}

const LONGEST_TURN_MS = 50;

/** Native where this system can, or as the assignment says. */
export async function openSockets(assignment: LoadAssignment, now: NowMs): Promise<Sockets> {
  const { transport, sockets = 'auto' } = assignment;
  const wanted = transport === 'native' || transport === 'node' ? transport : sockets;
  const tls = tlsOf(assignment);
  const calls = linuxCalls();
  const obstacle = tls === undefined ? obstacleOf(assignment) : 'TLS is done by Node';
  if (wanted === 'node' || (wanted === 'auto' && (obstacle !== undefined || 'missing' in calls))) {
    return { kind: 'node', source: new NodeSockets(now, tls), pacer: await ThreadPacer.start(now) };
  }
  if (obstacle !== undefined || 'missing' in calls) {
    const why = 'missing' in calls ? calls.missing : obstacle;
    throw new UsageError(`cannot use native sockets: ${why}`, 'Leave the choice to the engine.');
  }
  lowerTimerSlack();
  const turnMs = Math.min(LONGEST_TURN_MS, Math.max(2, assignment.timeoutMs / 20));
  const loop = new NativeLoop({ calls, now, turnMs });
  return { kind: 'native', source: loop, pacer: new LoopPacer(loop), sleep: loop.sleep };
}

/** A peer transport lives in Node's event loop, which the native loop blocks. */
function obstacleOf({ transport }: LoadAssignment): string | undefined {
  const isPeer = PEER_TRANSPORTS.some((peer) => peer === transport);
  return isPeer ? `${transport} has sockets of its own` : undefined;
}

/** How connections are secured; undefined where they are not. */
export function tlsOf({ endpoint, protocol }: LoadAssignment): TlsSettings | undefined {
  const { secure, serverName } = endpointOf(endpoint.url);
  if (!secure) return undefined;
  return {
    ...(serverName === undefined ? {} : { serverName }),
    alpn: [protocol.includes('grpc') ? 'h2' : 'http/1.1'],
    ...endpoint.tls,
  };
}
