import { createRequire } from 'node:module';
import { packageFile } from '../../harness/package-files.ts';
import type { LoadAssignment } from '../../harness/run/load-engine.ts';
import { assignment } from '../support/assignment.ts';
import type { BenchTarget } from './bench-target.ts';
import type { Claims, Contender, Exchange } from './contender.ts';
import type { NodePeerName, NodePeerTask } from './node-peer-task.ts';

/** Whether a package can be loaded that only development installs. */
const require = createRequire(import.meta.url);

/** A client library of npm, driven as its users would: `connections` requests kept in flight. */
export function nodePeer(name: NodePeerName, exchange: Exchange, npmPackage?: string): Contender {
  return {
    name,
    missing: () => (npmPackage === undefined ? undefined : missingPackage(npmPackage)),
    inFlight: exchange.connections * exchange.streams,
    command({ url }, seconds) {
      const task: NodePeerTask = { name, url, exchange, seconds };
      return [process.execPath, packageFile('dist', 'test', 'bench', 'node-peer.js'), JSON.stringify(task)];
    },
    claims: claimsInJson,
  };
}

/**
 * autocannon by its own command line, as most of its users run it. It reads a body file as text: of bytes that are not
 * UTF-8 it sends others, and more of them.
 */
export function autocannonCli({ method, path, bodyFile, connections }: Exchange): Contender {
  return {
    name: 'autocannon -i',
    missing: () => missingPackage('autocannon'),
    inFlight: connections,
    command: ({ url }, seconds) => [
      process.execPath,
      require.resolve('autocannon'),
      ...['-c', String(connections), '-p', '1', '-d', String(seconds), '-m', method, '--json'],
      ...(bodyFile === undefined ? [] : ['-i', bodyFile]),
      `${url}${path}`,
    ],
    claims(output) {
      const line = output.split('\n').find((text) => text.startsWith('{'));
      if (line === undefined) return undefined;
      const result = JSON.parse(line) as Record<'2xx' | 'non2xx' | 'errors' | 'timeouts', number>;
      return { ok: result['2xx'], failed: result.non2xx + result.errors + result.timeouts };
    },
  };
}

/** Ours, as the product runs it: histograms, windows, status checks, timeouts, credibility and all. */
export function ours(exchange: Exchange, changes: Partial<LoadAssignment>): Contender {
  return {
    name: 'inferometer',
    missing: () => undefined,
    inFlight: 0,
    command: (target, seconds) => oursCommand(closedAssignment(target, exchange, seconds, changes)),
    claims: claimsInJson,
  };
}

export function oursCommand(given: LoadAssignment): readonly string[] {
  return [process.execPath, packageFile('dist', 'test', 'bench', 'ours.js'), JSON.stringify(given)];
}

/** A plain HTTP load as `npx inferometer run` would make it of a scenario. */
export function httpAssignment(
  target: Pick<BenchTarget, 'url'>,
  { method, path, bodyFile, connections }: Exchange,
): LoadAssignment {
  return assignment(target.url, {
    protocol: 'http',
    http: {
      method,
      path,
      headers: bodyFile === undefined ? {} : { 'Content-Type': 'application/octet-stream' },
      ...(bodyFile === undefined ? {} : { bodyFile }),
    },
    connections,
    timeoutMs: 10_000,
    drainMs: 2000,
    workload: { rows: 1, encoding: 'binary', inputs: {}, distinct: 1 },
  });
}

/** Calls of one method, with this message or one without fields. */
export function grpcCalls(method: string, messageFile?: string): Partial<LoadAssignment> {
  const message = messageFile === undefined ? {} : { messageFile };
  return { protocol: 'grpc', grpc: { method, call: 'unary', metadata: {}, ...message } };
}

function closedAssignment(
  target: BenchTarget,
  exchange: Exchange,
  seconds: number,
  changes: Partial<LoadAssignment>,
): LoadAssignment {
  const inFlight = exchange.connections * exchange.streams;
  return {
    ...httpAssignment(target, exchange),
    load: { shape: 'closed', inFlight, thinkTimeMs: 0 },
    maxInFlight: inFlight,
    warmupMs: WARMUP_MS,
    durationMs: seconds * 1000 - WARMUP_MS,
    windowMs: 1000,
    ...changes,
    endpoint: { url: target.url.replace('http', changes.protocol === 'grpc' ? 'grpc' : 'http'), headers: {} },
  };
}

const WARMUP_MS = 200;

function claimsInJson(output: string): Claims | undefined {
  const line = output.trim().split('\n').at(-1) ?? '';
  return line.startsWith('{') ? (JSON.parse(line) as Claims) : undefined;
}

function missingPackage(name: string): string | undefined {
  try {
    require.resolve(name);
    return undefined;
  } catch {
    return `${name} is not installed: npm ci`;
  }
}
