import { connect } from 'node:http2';
import { Client, credentials } from '@grpc/grpc-js';
import type { NodePeerTask } from './node-peer-task.ts';

/** A unary gRPC call by grpc-js, or by node:http2 with the framing written here. `message`: with its prefix of 5 bytes. */
export async function grpcAsk(
  { name, url, exchange }: NodePeerTask,
  message: Buffer,
): Promise<() => Promise<boolean>> {
  return name === 'grpc-js'
    ? grpcJs(new URL(url).host, exchange.path, exchange.connections, message.subarray(5))
    : nodeHttp2(url, exchange.path, exchange.connections, message);
}

function grpcJs(host: string, path: string, connections: number, message: Buffer) {
  const same = (bytes: Buffer): Buffer => bytes;
  const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_receive_message_length': -1 };
  const clients = Array.from(
    { length: connections },
    () => new Client(host, credentials.createInsecure(), options),
  );
  let turn = 0;
  return () =>
    new Promise<boolean>((resolve) => {
      const client = clients[turn++ % clients.length];
      client?.makeUnaryRequest(path, same, same, message, (error) => resolve(error === null));
    });
}

function nodeHttp2(url: string, path: string, connections: number, message: Buffer) {
  const sessions = Array.from({ length: connections }, () => {
    const session = connect(url, { settings: { initialWindowSize: 2 ** 24 } });
    session.on('error', () => {});
    return session;
  });
  const headers = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  let turn = 0;
  return () =>
    new Promise<boolean>((resolve) => {
      const stream = sessions[turn++ % sessions.length]?.request(headers);
      let [httpStatus, status]: unknown[] = [];
      stream?.on('response', (response) => {
        httpStatus = response[':status'];
      });
      stream?.on('trailers', (trailers) => {
        status = trailers['grpc-status'];
      });
      stream?.on('error', () => resolve(false));
      stream?.on('close', () => resolve(httpStatus === 200 && status === '0'));
      stream?.resume().end(message);
    });
}
