import { isIP } from 'node:net';
import type { Address } from './byte-stream.ts';

/** Where a server is, from its URL. */
export interface Endpoint {
  /** The host may be a name still. */
  readonly address: Address;
  /** The `Host` header, or HTTP/2's `:authority`. */
  readonly authority: string;
  readonly secure: boolean;
  /** Whose name the certificate must bear; undefined for an address without a name. */
  readonly serverName: string | undefined;
}

const UNIX = 'unix:';

/**
 *     http://host:port   https://host:port   grpc://host:port   grpcs://host:port   unix:/run/server.sock
 *
 * A Unix socket is written as nginx and gRPC write it. Throws TypeError for what is no URL.
 */
export function endpointOf(url: string): Endpoint {
  if (url.startsWith(UNIX)) {
    const path = url.slice(UNIX.length).replace(/^\/\/(?=\/)/, '');
    return { address: { path }, authority: 'localhost', secure: false, serverName: undefined };
  }
  // URL knows hosts and ports of schemes that it knows.
  const parsed = new URL(url.replace(/^grpc(?=s?:)/, 'http'));
  const secure = parsed.protocol === 'https:';
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  return {
    address: { host, port: Number(parsed.port || (secure ? 443 : 80)) },
    authority: parsed.host,
    secure,
    serverName: secure && isIP(host) === 0 ? host : undefined,
  };
}
