import { encodeHeaders } from '../../harness/transports/hpack-encoder.ts';
import { FLAG, FRAME, frame, uint32 } from './h2-frames.ts';

/* What a server of gRPC says on the wire, frame by frame. */

export function head(stream: number): Buffer {
  const block = encodeHeaders([
    [':status', '200'],
    ['content-type', 'application/grpc'],
  ]);
  return frame(FRAME.headers, FLAG.endHeaders, stream, block);
}

export function message(stream: number, text: string): Buffer {
  return frame(
    FRAME.data,
    0,
    stream,
    Buffer.concat([Buffer.from([0]), uint32(text.length), Buffer.from(text)]),
  );
}

export function trailers(stream: number, status = '0'): Buffer {
  const block = encodeHeaders([['grpc-status', status]]);
  return frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, stream, block);
}

export function answer(stream: number): Buffer {
  return Buffer.concat([head(stream), message(stream, 'ok'), trailers(stream)]);
}

export function goaway(last: number): Buffer {
  return frame(FRAME.goaway, 0, 0, Buffer.concat([uint32(last), uint32(0)]));
}

export function reset(stream: number): Buffer {
  return frame(FRAME.rstStream, 0, stream, uint32(2));
}
