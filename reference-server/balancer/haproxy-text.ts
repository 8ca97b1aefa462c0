import type { BalancerConfig } from './balancer.ts';
import type { Policy } from './policy.ts';

/** What HAProxy calls each policy; `random(2)` is the less busy of two drawn ones. */
const BALANCE: Readonly<Record<Policy, string>> = {
  roundRobin: 'roundrobin',
  leastInFlight: 'leastconn',
  twoChoices: 'random(2)',
};

/**
 * HAProxy's configuration: one thread, a slot for each replica that there can be, all empty. Requests share connections to
 * the replicas. One that could not be connected goes to another replica; one that was sent is not sent again.
 */
export function haproxyConfig(
  { policy, speaks, host, atMost }: Pick<BalancerConfig, 'policy' | 'speaks' | 'host' | 'atMost'>,
  port: number,
  adminSocket: string,
): string {
  const http2 = speaks === 'grpc' ? ' proto h2' : '';
  const check =
    'check inter 200ms fastinter 50ms fall 1 rise 1 observe layer4 error-limit 1 on-error mark-down';
  return `global
  nbthread 1
  stats socket ${adminSocket} mode 600 level admin
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
  http-reuse always
  option http-ignore-probes
  retries 2
  option redispatch 1
  backlog 4096
frontend front
  bind ${host}:${port}${http2}
  default_backend replicas
backend replicas
  balance ${BALANCE[policy]}
${Array.from({ length: atMost }, (_, slot) => `  server ${slotName(slot)} 127.0.0.1:1 disabled ${check}${http2}`).join('\n')}
`;
}

export function slotName(slot: number): string {
  return `slot${slot}`;
}

/** What its statistics say of one server. */
export interface Row {
  /** `UP`, `DOWN`, `DRAIN`, `MAINT`, with additions. */
  readonly status: string;
  readonly inFlight: number;
}

/** The answer to `show stat`: CSV with a head, one line for the front door and one for each server. */
export function readStat(csv: string): { arrivals: number; servers: ReadonlyMap<string, Row> } {
  const [head = '', ...lines] = csv.replace(/^# /, '').split('\n');
  const columns = head.split(',');
  const rows = lines.filter((line) => line !== '').map((line) => line.split(','));
  const of = (row: readonly string[], column: string) => row[columns.indexOf(column)] ?? '';
  const front = rows.find((row) => of(row, 'pxname') === 'front');
  const servers = rows.filter((row) => of(row, 'pxname') === 'replicas');
  return {
    arrivals: front === undefined ? 0 : Number(of(front, 'req_tot')),
    servers: new Map(
      servers.map((row) => [
        of(row, 'svname'),
        { status: of(row, 'status'), inFlight: Number(of(row, 'scur')) },
      ]),
    ),
  };
}
