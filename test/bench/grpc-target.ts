import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** `node grpc-target.js`: answers every call over node:http2 with an empty message; its port, then its count for each line. */
const WINDOW_BYTES = 2 ** 24;
const EMPTY_MESSAGE = Buffer.alloc(5);
let answered = 0;

const server = createServer({ settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: 1000 } });
server.on('session', (session) => session.setLocalWindowSize(WINDOW_BYTES));
server.on('stream', (stream) => {
  stream.on('error', () => {});
  stream.on('end', () => {
    answered += 1;
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(EMPTY_MESSAGE);
  });
  stream.resume();
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.on('data', () => console.log(answered));
process.stdin.on('end', () => process.exit());
