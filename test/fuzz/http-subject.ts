import { Http1Transport } from '../../harness/transports/http1.ts';
import type { Subject } from './fuzz-loop.ts';
import { httpResponse } from './http-responses.ts';
import { cut } from './mutations.ts';
import { expectAlike, FuzzFailure, TransportProbe, virtualClock } from './transport-probe.ts';

/** Responses into the HTTP/1.1 engine. */
export function httpSubject(): Subject {
  const probe = new TransportProbe((sockets, sink) => {
    const transport = new Http1Transport({
      url: 'http://127.0.0.1:1',
      headers: {},
      connections: 1,
      timeoutMs: 1000,
      now: virtualClock(),
      sockets,
      sink,
    });
    const nothing = Buffer.alloc(0);
    const template = { method: 'GET', path: '/', headers: [], own: nothing, shared: nothing, stamp() {} };
    return { transport, request: transport.prepare(template) };
  });
  return {
    name: 'http',
    close: () => probe.close(),
    example: (random) => {
      const { bytes } = httpResponse(random);
      return [bytes];
    },
    run(random) {
      const { bytes, sound } = httpResponse(random);
      const ending = random() < 0.5 ? 'orderly' : 'broken';
      const whole = probe.play([bytes], 1, ending);
      const outcome = whole[0]?.outcome ?? '';
      if (sound && ending === 'orderly' && outcome !== 'complete') {
        throw new FuzzFailure(`a sound response ended as ${outcome}`);
      }
      expectAlike(whole, probe.play(cut(bytes, random), 1, ending));
      return outcome;
    },
  };
}
