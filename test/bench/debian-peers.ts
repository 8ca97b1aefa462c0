import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender, Exchange } from './contender.ts';

/* Peers that Debian packages: wrk, hey, h2load. */

/** wrk takes a body only from a script of Lua. */
export function wrk(exchange: Exchange, script: string | undefined): Contender {
  const { connections, path } = exchange;
  return {
    name: 'wrk',
    missing: () => missingCommand('wrk', 'wrk'),
    inFlight: connections,
    command: ({ url }, seconds) => [
      'wrk',
      ...['-t1', `-c${connections}`, `-d${seconds}s`],
      ...(script === undefined ? [] : ['-s', script]),
      `${url}${path}`,
    ],
    claims(output) {
      const requests = /(\d+) requests in/.exec(output)?.[1];
      if (requests === undefined) return undefined;
      const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(output);
      const broken = (errors ?? []).slice(1).reduce((sum, count) => sum + Number(count), 0);
      const failed = broken + Number(/Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1] ?? 0);
      return { ok: Number(requests) - failed, failed };
    },
  };
}

export function wrkScript({ method, bodyFile }: Exchange): string {
  return `local file = io.open(${JSON.stringify(bodyFile)}, "rb")
wrk.method = "${method}"
wrk.body = file:read("*all")
wrk.headers["Content-Type"] = "application/octet-stream"
`;
}

export function hey({ connections, path, method, bodyFile }: Exchange): Contender {
  return {
    name: 'hey',
    missing: () => missingCommand('hey', 'hey'),
    inFlight: connections,
    command: ({ url }, seconds) => [
      'hey',
      ...['-cpus', '1', '-c', String(connections), '-z', `${seconds}s`, '-m', method],
      ...(bodyFile === undefined ? [] : ['-D', bodyFile]),
      `${url}${path}`,
    ],
    claims(output) {
      const statuses = [...output.matchAll(/^ +\[(\d+)\]\s+(\d+) responses/gm)];
      if (statuses.length === 0) return undefined;
      const ok = sumOf(statuses.filter(([, status]) => status === '200'));
      return { ok, failed: sumOf(statuses) - ok };
    },
  };
}

/** Over HTTP/2: gRPC as far as frames go, but it reads no grpc-status. */
export function h2load({ connections, streams, path, bodyFile }: Exchange): Contender {
  return {
    name: 'h2load',
    missing: () => missingCommand('h2load', 'nghttp2-client'),
    inFlight: connections * streams,
    command: ({ url }, seconds) => [
      'h2load',
      ...['-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`, '-w24', '-W24'],
      ...['-H', 'content-type: application/grpc', '-H', 'te: trailers'],
      ...(bodyFile === undefined ? [] : ['-d', bodyFile]),
      `${url}${path}`,
    ],
    claims(output) {
      const counts = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(output);
      if (counts === null) return undefined;
      const [ok = 0, failed = 0, errored = 0, late = 0] = counts.slice(1).map(Number);
      return { ok, failed: failed + errored + late };
    },
  };
}

export function missingCommand(command: string, debianPackage: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(':');
  if (folders.some((folder) => existsSync(join(folder, command)))) return undefined;
  return `${command} is not installed: apt-get install -y ${debianPackage}`;
}

function sumOf(statuses: readonly RegExpExecArray[]): number {
  return statuses.reduce((sum, [, , count]) => sum + Number(count), 0);
}
