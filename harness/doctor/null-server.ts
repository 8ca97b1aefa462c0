import { createServer } from 'node:net';
import { NullHttp } from './null-connection.ts';
import { isHttp2, NullGrpc } from './null-grpc.ts';

/**
 * A server that does nothing, fast: what a generator reaches against it is the generator's own limit. HTTP/1.1 and gRPC
 * on one port of 127.0.0.1. A process of its own, with a channel to its parent: it tells its port, then, when asked
 * anything, how many requests it has seen. It ends with its parent.
 */
let requests = 0;
const seen = (count: number): void => {
  requests += count;
};

const server = createServer({ noDelay: true }, (socket) => {
  let connection: NullHttp | NullGrpc | undefined;
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    connection ??= isHttp2(chunk) ? new NullGrpc(socket, seen) : new NullHttp(socket, seen);
    connection.read(chunk);
  });
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.on('message', () => process.send?.({ requests }));
process.on('disconnect', () => process.exit());
