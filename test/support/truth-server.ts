import { createServer, type Socket } from 'node:net';
import { Truth } from './truth.ts';
import type { TruthConfig } from './truth-config.ts';
import { TruthGrpc } from './truth-grpc.ts';
import { TruthHttp } from './truth-http.ts';

/**
 * A server that tells the truth: it answers each request at an absolute instant that a law fixes, commits the faults
 * that it is told to, and counts every arrival. A process of its own: `node truth-server.js '<TruthConfig>'` prints its
 * port on one line. HTTP/1.1 and gRPC on one port. GET /witness gives the counts.
 */
const config = JSON.parse(process.argv[2] ?? '{}') as TruthConfig;
const truth = new Truth(config);

const server = createServer({ noDelay: true }, (socket) => {
  truth.witness.connections += 1;
  let session: TruthHttp | TruthGrpc | undefined;
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    session ??= sessionFor(socket, chunk);
    session.read(chunk);
  });
});
server.listen({ host: '127.0.0.1', port: config.port ?? 0, backlog: 4096 }, () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : 0}\n`);
});
// The test that started it is gone: so is the server.
process.stdin.on('end', () => process.exit()).resume();

/** HTTP/2 begins with a preface that no HTTP/1.1 request begins with. */
function sessionFor(socket: Socket, firstBytes: Buffer): TruthHttp | TruthGrpc {
  return firstBytes[0] === 'P'.charCodeAt(0) && firstBytes[1] === 'R'.charCodeAt(0)
    ? new TruthGrpc(truth, socket)
    : new TruthHttp(truth, socket);
}
