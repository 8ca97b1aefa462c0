import { GrpcTransport } from '../../harness/transports/grpc.ts';
import { expectHoweverCut, NO_TEMPLATE, virtualClock } from './cut-plays.ts';
import type { Subject } from './fuzz-loop.ts';
import { grpcAnswers, SERVER_PREFACE } from './grpc-answers.ts';
import { readCalls } from './grpc-reference.ts';
import { type Cutting, UNCUT } from './mutations.ts';
import type { MakeTransport, TransportProbe } from './transport-probe.ts';

/** Frames into the gRPC engine: a few calls at once on one connection. */
export const grpcSubject: Subject = {
  name: 'grpc',
  example: (random) => [SERVER_PREFACE, grpcAnswers(random).bytes],
  run(random) {
    const { bytes, calls } = grpcAnswers(random);
    const expected = readCalls(Buffer.concat([SERVER_PREFACE, bytes]), calls);
    const play = (probe: TransportProbe, cutting: Cutting) => playAnswers(probe, bytes, calls, cutting);
    expectHoweverCut(random, expected, TRANSPORT, play);
    return expected === undefined ? 'any' : (expected[0]?.outcome ?? '');
  },
};

const TRANSPORT: MakeTransport = (sockets, sink) => {
  const transport = new GrpcTransport({
    url: 'grpc://127.0.0.1:1',
    headers: {},
    connections: 1,
    timeoutMs: 1000,
    now: virtualClock(),
    sockets,
    sink,
  });
  return { transport, request: transport.prepare(NO_TEMPLATE) };
};

function playAnswers(probe: TransportProbe, bytes: Buffer, calls: number, cutting: Cutting): void {
  for (let left = calls; left > 0; left--) probe.send();
  probe.connect();
  probe.say(0, SERVER_PREFACE, UNCUT);
  probe.say(0, bytes, cutting);
  probe.finish();
}
