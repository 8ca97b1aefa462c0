/** A message, or what is left of one, that waits for room in windows and output. Pooled. */
export class Outgoing {
  /** First `ownBytes` of the message; nobody else's. */
  own = Buffer.allocUnsafe(64);
  ownBytes = 0;
  shared: Buffer = this.own;
  bytes = 0;
  sent = 0;
  endsStream = false;
  next: Outgoing | undefined;
}

/** A stream's state in HTTP/2. Pooled: `id` is 0 between two uses, and never the same again. */
export class Http2Stream {
  id = 0;
  /** Among the open streams. */
  position = 0;
  sendWindow = 0;
  receiveWindow = 0;
  headSeen = false;
  /** We have said END_STREAM, or shall when what waits has gone out. */
  endQueued = false;
  /** What waits, in order. */
  first: Outgoing | undefined;
  last: Outgoing | undefined;
  /** In the queue of streams that have something to send and room in their own window. */
  queued = false;
  nextQueued: Http2Stream | undefined;
}
