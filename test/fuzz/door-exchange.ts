import { connect } from 'node:net';
import { FuzzFailure } from './fate.ts';

export interface Exchange {
  readonly answer: Buffer;
  /** The server, or its kernel, broke the connection off. */
  readonly wasReset: boolean;
}

/** A client that waits this long for the next byte says that it has nothing more to say. */
const QUIET_MS = 40;
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
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes));
    socket.setTimeout(isPatient ? PATIENT_MS : QUIET_MS, close);
    const hung = setTimeout(() => {
      reject(new FuzzFailure('the server does not let go of a connection that its client has closed'));
      socket.destroy();
    }, LET_GO_MS + PATIENT_MS);
    function close(): void {
      socket.setTimeout(0);
      socket.end();
    }
    socket.on('data', (piece) => {
      pieces.push(piece);
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
      clearTimeout(hung);
      resolve({ answer: Buffer.concat(pieces), wasReset });
    });
  });
}
