const OTHER = 0;
const STATUS = 1;
const CONTENT_TYPE = 2;
const GRPC_STATUS = 3;
const GRPC_MESSAGE = 4;

const KNOWN: readonly Buffer[] = ['', ':status', 'content-type', 'grpc-status', 'grpc-message'].map((name) =>
  Buffer.from(name),
);
const APPLICATION_GRPC = Buffer.from('application/grpc');
const COLON = 58;
const PLUS = 43;
const SEMICOLON = 59;
const DIGIT_0 = 48;
const LAST_GRPC_STATUS = 16;
const UNKNOWN = 2;

/** What a gRPC client needs to know of a response's header block or trailers. Told field by field: name, then value. */
export class HeaderFields {
  /** `:status`; 0 when there is none, which makes the block trailers. */
  httpStatus = 0;
  /** -1 when there is none; a text that is none of gRPC's numbers is 2, unknown. */
  grpcStatus = -1;
  /** Still percent-encoded. */
  grpcMessage = '';
  /** The content type is application/grpc, or a subtype of it. */
  isGrpc = false;
  /** HTTP forbids it: a field twice, a byte that a name or a value may not hold, a late or unknown pseudo-field. */
  malformed = false;
  #kind = OTHER;
  #regularSeen = false;

  clear(): void {
    this.httpStatus = 0;
    this.grpcStatus = -1;
    this.grpcMessage = '';
    this.isGrpc = false;
    this.malformed = false;
    this.#regularSeen = false;
  }

  name(bytes: Buffer, from: number, to: number): void {
    this.#kind = kindOf(bytes, from, to);
    const isPseudo = bytes[from] === COLON;
    if (!isName(bytes, isPseudo ? from + 1 : from, to)) this.malformed = true;
    if (isPseudo && (this.#kind !== STATUS || this.#regularSeen)) this.malformed = true;
    if (!isPseudo) this.#regularSeen = true;
  }

  value(bytes: Buffer, from: number, to: number): void {
    if (hasBreak(bytes, from, to)) this.malformed = true;
    switch (this.#kind) {
      case STATUS:
        if (this.httpStatus !== 0 || to - from !== 3) this.malformed = true;
        this.httpStatus = number(bytes, from, to);
        if (this.httpStatus < 100) this.malformed = true;
        return;
      case CONTENT_TYPE:
        this.isGrpc = isGrpcType(bytes, from, to);
        return;
      case GRPC_STATUS: {
        if (this.grpcStatus >= 0) this.malformed = true;
        const status = number(bytes, from, to);
        this.grpcStatus = status >= 0 && status <= LAST_GRPC_STATUS ? status : UNKNOWN;
        return;
      }
      case GRPC_MESSAGE:
        this.grpcMessage = bytes.toString('latin1', from, to);
    }
  }
}

function kindOf(bytes: Buffer, from: number, to: number): number {
  for (let kind = STATUS; kind < KNOWN.length; kind++) {
    const name = KNOWN[kind];
    if (name?.length === to - from && equals(bytes, from, name)) return kind;
  }
  return OTHER;
}

function equals(bytes: Buffer, from: number, expected: Buffer): boolean {
  for (let at = 0; at < expected.length; at++) if (bytes[from + at] !== expected[at]) return false;
  return true;
}

/** RFC 9113, section 8.2.1: visible ASCII without upper case, and no colon but before a pseudo-field. */
function isName(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte <= 32 || byte >= 127 || byte === COLON || (byte >= 65 && byte <= 90)) return false;
  }
  return from < to;
}

function hasBreak(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === 0 || byte === 10 || byte === 13) return true;
  }
  return false;
}

/** Up to three digits; -1 for anything else. */
function number(bytes: Buffer, from: number, to: number): number {
  if (from === to || to - from > 3) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - DIGIT_0;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function isGrpcType(bytes: Buffer, from: number, to: number): boolean {
  const end = from + APPLICATION_GRPC.length;
  if (end > to || !equals(bytes, from, APPLICATION_GRPC)) return false;
  return end === to || bytes[end] === PLUS || bytes[end] === SEMICOLON;
}
