import { Http1Transport } from '../../harness/transports/http1.ts';
import { expectHoweverCut, NO_TEMPLATE, virtualClock } from './cut-plays.ts';
import type { Fate } from './fate.ts';
import type { Subject } from './fuzz-loop.ts';
import { type Reading, readAnswer } from './http-reference.ts';
import { type HttpDialogue, httpDialogue } from './http-responses.ts';
import type { Cutting } from './mutations.ts';
import type { MakeTransport, TransportProbe } from './transport-probe.ts';

/** Answers into the HTTP/1.1 engine: requests one after another, on one connection as long as it may carry another. */
export const httpSubject: Subject = {
  name: 'http',
  example: (random) => httpDialogue(random).turns.map(({ bytes }) => bytes),
  run(random) {
    const dialogue = httpDialogue(random);
    const readings = dialogue.turns.map(({ bytes, ending }) => readAnswer(bytes, ending));
    const expected = fatesOf(dialogue, readings);
    const play = (probe: TransportProbe, cutting: Cutting) => playTurns(probe, dialogue, readings, cutting);
    expectHoweverCut(random, expected, transportOf(dialogue), play);
    return expected[0]?.outcome ?? '';
  },
};

function transportOf({ keepAlive }: HttpDialogue): MakeTransport {
  return (sockets, sink) => {
    const transport = new Http1Transport({
      url: 'http://127.0.0.1:1',
      headers: {},
      connections: 1,
      keepAlive,
      timeoutMs: 1000,
      now: virtualClock(),
      sockets,
      sink,
    });
    return { transport, request: transport.prepare(NO_TEMPLATE) };
  };
}

/** The next request goes where this one went, unless something speaks against it. */
function fatesOf({ keepAlive, turns }: HttpDialogue, readings: readonly Reading[]): Fate[] {
  let connection = 0;
  return readings.map((reading, slot) => {
    const fate = { ...reading, connection };
    if (!reading.persists || !keepAlive || turns[slot]?.hangsUp === true) connection += 1;
    return fate;
  });
}

/** Bytes that come too early for the next request would be taken for its answer; so it is not sent before them. */
function playTurns(
  probe: TransportProbe,
  { turns }: HttpDialogue,
  readings: readonly Reading[],
  cutting: Cutting,
): void {
  probe.whenEnded = (slot) => {
    const turn = turns[slot];
    const isFree = readings[slot]?.hasExcess === false && turn?.hangsUp === false;
    if (isFree && turn.isEager && slot + 1 < turns.length) probe.send();
  };
  for (const [slot, { bytes, ending, hangsUp }] of turns.entries()) {
    if (!probe.isSent(slot)) probe.send();
    probe.connect();
    if (probe.isClosed) break;
    const connection = probe.connectionOf(slot);
    probe.say(connection, bytes, cutting);
    if (hangsUp || !probe.hasEnded(slot)) probe.hangUp(connection, ending);
    if (probe.isClosed) break;
  }
  probe.finish();
}
