import type { Random } from '../../harness/load/random.ts';
import { exchange } from './door-exchange.ts';
import { closeDoorServer, doorServer } from './door-server.ts';
import { FuzzFailure } from './fate.ts';
import type { Subject } from './fuzz-loop.ts';
import { expectReadable, floatsIn, type RestAnswer, restAnswers } from './rest-answers.ts';
import { type RestCase, restCase } from './rest-requests.ts';

/**
 * Bytes into the REST door, each case on a connection of its own, many at once in one server: what is sound is answered
 * with its own numbers, everything else with a reason that is the client's; nothing hangs.
 */
export const restDoorSubject: Subject = {
  name: 'rest-door',
  cases: 100_000,
  grownCases: 2500,
  atOnce: 64,
  example: (random) => [restCase(random).bytes],
  run: (random) => play(random),
  close: closeDoorServer,
};

async function play(random: Random): Promise<string> {
  const asked = restCase(random);
  try {
    return await attempt(asked, asked.isWhole);
  } catch (failure) {
    // A machine that stood still may have made the client leave too early: then it was its own fault.
    if (asked.isWhole) throw failure;
    return attempt(asked, true);
  }
}

async function attempt(asked: RestCase, isPatient: boolean): Promise<string> {
  const { restPort } = await doorServer();
  const enough = (bytes: Buffer) => isPatient && (restAnswers(bytes)?.length ?? 0) > 0;
  const { answer, wasReset } = await exchange(restPort, asked.bytes, enough, isPatient);
  const answers = restAnswers(answer);
  if (answers === undefined) throw new FuzzFailure(`an answer is cut off: ${answer.toString('latin1')}`);
  for (const each of answers) expectReadable(each);
  const [first] = answers;
  if (asked.echoes !== undefined) expectEcho(asked.echoes, first);
  if (first !== undefined) return String(first.status);
  if (!asked.isWhole && (wasReset || awaitsMore(asked.bytes))) return 'no answer';
  throw new FuzzFailure('a whole request got no answer');
}

function expectEcho(echoes: readonly number[], answer: RestAnswer | undefined): void {
  if (answer?.status !== 200) throw new FuzzFailure(`a sound request got ${answer?.status}: ${answer?.body}`);
  const found = floatsIn(answer);
  if (String(found) !== String(echoes)) throw new FuzzFailure(`asked ${echoes}, got ${found}`);
}

/** As far as a glance tells: the head has no end yet, or a body that is longer than what is there, or in chunks. */
function awaitsMore(bytes: Buffer): boolean {
  const text = bytes.toString('latin1').replace(/^[\r\n]+/, '');
  const [end] = /\r?\n\r?\n/.exec(text) ?? [];
  if (end === undefined) return true;
  const headLength = text.indexOf(end) + end.length;
  const head = text.slice(0, headLength);
  if (/transfer-encoding|upgrade|connect/i.test(head)) return true;
  const lengths = [...head.matchAll(/content-length\s*:\s*(\d+)/gi)].map(([, digits]) => Number(digits));
  return lengths.some((length) => length > text.length - headLength);
}
