import { type BalancerConfig, hostAndPort, type ReplicaAddress } from './balancer.ts';
import type { Policy } from './policy.ts';

/** nginx's directive for each policy; round robin is what it does without one. */
const BALANCE: Readonly<Record<Policy, string>> = {
  roundRobin: '',
  leastInFlight: 'least_conn;',
  twoChoices: 'random two least_conn;',
};

/**
 * nginx's configuration: one worker, connections that stay open on both sides. A request that could not be connected goes
 * to another replica; one that was sent is not sent again (nginx's own rule for POST).
 */
export function nginxConfig(
  { policy, speaks, host }: Pick<BalancerConfig, 'policy' | 'speaks' | 'host'>,
  replicas: readonly ReplicaAddress[],
  { port, folder, asRoot }: { readonly port: number; readonly folder: string; readonly asRoot: boolean },
): string {
  const servers = replicas.map(hostAndPort).map(({ host: at, port: of }) => `server ${at}:${of} ${PASSIVE}`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `${asRoot ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 16384; }
http {
  access_log off;
  ${temporary.map((what) => `${what}_temp_path ${folder}/${what};`).join('\n  ')}
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  upstream replicas {
    ${[BALANCE[policy], ...(servers.length === 0 ? ['server 127.0.0.1:1 down;'] : servers)].join('\n    ')}
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
  }
  server {
    listen ${host}:${port}${speaks === 'grpc' ? ' http2' : ''} backlog=4096;
    location / {
      ${speaks === 'grpc' ? GRPC : HTTP}
    }
  }
  server {
    listen unix:${folder}/status.sock;
    location / { stub_status; }
  }
}
`;
}

/** A replica that does not accept connections is left alone for a second. */
const PASSIVE = 'max_fails=1 fail_timeout=1s;';

const HTTP = `proxy_pass http://replicas;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_buffer_size 64k;
      proxy_buffers 16 64k;
      proxy_read_timeout 1h;`;

const GRPC = `grpc_pass grpc://replicas;
      grpc_read_timeout 1h;
      grpc_send_timeout 1h;`;
