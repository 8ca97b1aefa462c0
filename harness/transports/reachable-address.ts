import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';

const PROBE_MS = 1000;

/**
 * The address behind a name that accepts connections: `localhost` may be ::1 first, where a server listens on 127.0.0.1
 * only. The first where none does, so that the load shows it; the name itself where it does not resolve.
 */
export async function addressOf(host: string, port: number): Promise<string> {
  const found = await lookup(host, { all: true }).catch(() => []);
  const addresses = found.map(({ address }) => address);
  return (await firstReachable(addresses, port)) ?? addresses[0] ?? host;
}

/** Tries one after the other; a single one is not tried, because there is no choice. */
export async function firstReachable(
  addresses: readonly string[],
  port: number,
): Promise<string | undefined> {
  if (addresses.length < 2) return addresses[0];
  for (const address of addresses) if (await accepts(address, port, PROBE_MS)) return address;
  return undefined;
}

/** Whether somebody accepts a connection there in time. */
export function accepts(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const settle = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.on('error', () => settle(false));
  });
}
