import { connect } from 'node:net';
import { FuzzFailure } from './fate.ts';

export interface Exchange {
  readonly answer: Buffer;
  /** The server, or its kernel, broke the connection off. */
  readonly wasReset: boolean;
}

/** A client to which nothing comes for so long, and for so many turns of the loop that the server shares, hangs up. */
const QUIET_MS = 40;
const QUIET_TURNS = 30;
/** After that the server must let go of it ... */
const LET_GO_MS = 5000;
/** ... and one that asked rightly gets this long for its answer. */
const PATIENT_MS = 5000;

/**
 * Says these bytes, hears what comes until `isEnough`, or until nothing comes any more, then closes its side: the
 * server must close its own. `isPatient`: the bytes are sound, and an answer must come.
 */
export function exchange(
  port: number,
  bytes: Buffer,
  isEnough: (answer: Buffer) => boolean,
  isPatient: boolean,
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let wasReset = false;
    let quiet: NodeJS.Timeout | undefined;
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.write(bytes);
      waitOn();
    });
    const hung = setTimeout(() => {
      reject(new FuzzFailure('the server does not let go of a connection that its client has closed'));
      socket.destroy();
    }, LET_GO_MS + PATIENT_MS);
    const close = (): void => {
      clearTimeout(quiet);
      socket.end();
    };
    const waitOn = (): void => {
      clearTimeout(quiet);
      quiet = setTimeout(
        () => afterTurns(QUIET_TURNS, closeUnless(pieces.length)),
        isPatient ? PATIENT_MS : QUIET_MS,
      );
    };
    const closeUnless = (heard: number) => () => {
      if (pieces.length === heard) close();
    };
    socket.on('data', (piece) => {
      pieces.push(piece);
      waitOn();
      try {
        if (isEnough(Buffer.concat(pieces))) close();
      } catch (failure) {
        reject(failure);
        socket.destroy();
      }
    });
    socket.on('error', () => {
      wasReset = true;
    });
    socket.on('close', () => {
      clearTimeout(quiet);
      clearTimeout(hung);
      resolve({ answer: Buffer.concat(pieces), wasReset });
    });
  });
}

function afterTurns(turns: number, then: () => void): void {
  if (turns === 0) then();
  else setImmediate(() => afterTurns(turns - 1, then));
}
