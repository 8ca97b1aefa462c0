import { GrpcTransport } from '../../harness/transports/grpc.ts';
import type { Subject } from './fuzz-loop.ts';
import { grpcAnswers, SERVER_PREFACE } from './grpc-answers.ts';
import { cut } from './mutations.ts';
import { expectAlike, FuzzFailure, TransportProbe, virtualClock } from './transport-probe.ts';

/** Frames into the gRPC engine. */
export function grpcSubject(): Subject {
  const probe = new TransportProbe((sockets, sink) => {
    const transport = new GrpcTransport({
      url: 'grpc://127.0.0.1:1',
      headers: {},
      connections: 1,
      timeoutMs: 1000,
      now: virtualClock(),
      sockets,
      sink,
    });
    const nothing = Buffer.alloc(0);
    const template = { method: 'POST', path: '/x/Y', headers: [], own: nothing, shared: nothing, stamp() {} };
    return { transport, request: transport.prepare(template) };
  });
  return {
    name: 'grpc',
    close: () => probe.close(),
    example: (random) => [SERVER_PREFACE, grpcAnswers(random).bytes],
    run(random) {
      const { bytes, calls, sound } = grpcAnswers(random);
      const ending = random() < 0.5 ? 'orderly' : 'broken';
      const whole = probe.play([SERVER_PREFACE, bytes], calls, ending);
      const outcomes = whole.map(({ outcome }) => outcome);
      if (sound && outcomes.some((outcome) => outcome !== 'complete')) {
        throw new FuzzFailure(`sound answers ended as ${outcomes.join(', ')}`);
      }
      expectAlike(whole, probe.play([SERVER_PREFACE, ...cut(bytes, random)], calls, ending));
      return outcomes[0] ?? '';
    },
  };
}
