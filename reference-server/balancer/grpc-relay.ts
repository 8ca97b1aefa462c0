import {
  type ClientHttp2Session,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { ForwardOutcome } from './forward.ts';

/**
 * One call, both ways at once: head, messages and trailers as they come. Resolves when it is over; never rejects. After
 * `failed` the client's stream is the caller's to end.
 */
export function relay(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  session: ClientHttp2Session,
): Promise<ForwardOutcome> {
  return new Promise((resolve) => {
    if (stream.destroyed) return resolve('cancelled');
    if (session.destroyed || session.closed) return resolve('unreached');
    const { ':authority': _, ...kept } = headers;
    const call = session.request(kept, { endStream: false });
    let trailers: OutgoingHttpHeaders = {};
    let whole = false;
    const cancel = (): void => call.close(constants.NGHTTP2_CANCEL);
    stream.pipe(call);
    stream.once('close', cancel);
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    call.on('error', () => {});
    call.on('response', (head, flags) => {
      if (stream.destroyed) return;
      whole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
      stream.respond(head, { endStream: whole, waitForTrailers: !whole });
      // Not pipe(): an answer that breaks off must not look as if it had ended.
      if (!whole) passOn(call, stream);
    });
    call.on('trailers', (found) => {
      trailers = found;
      whole = true;
    });
    call.on('end', () => {
      if (whole && stream.writable) stream.end();
    });
    call.once('close', () => {
      const gone = stream.destroyed && !whole;
      stream.off('close', cancel);
      resolve(
        gone ? 'cancelled' : whole && call.rstCode === constants.NGHTTP2_NO_ERROR ? 'answered' : 'failed',
      );
    });
  });
}

type Call = ReturnType<ClientHttp2Session['request']>;

/** Data only, as fast as the client takes it. */
function passOn(call: Call, stream: ServerHttp2Stream): void {
  call.on('data', (chunk: Buffer) => {
    if (stream.writable && !stream.write(chunk)) call.pause();
  });
  stream.on('drain', () => call.resume());
}
