export const OK = 0;
export const UNKNOWN = 2;
export const DEADLINE_EXCEEDED = 4;

/** What an HTTP status stands for where the answer names no gRPC status (gRPC's http-grpc-status-mapping). */
const OF_HTTP: ReadonlyMap<number, number> = new Map([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [429, 14],
  [502, 14],
  [503, 14],
  [504, 14],
]);

export function grpcStatusOfHttp(httpStatus: number): number {
  return OF_HTTP.get(httpStatus) ?? UNKNOWN;
}

/** `grpc-message` as text: percent-encoded UTF-8. What is wrongly encoded stays as it is. */
export function decodeGrpcMessage(encoded: string): string {
  if (!encoded.includes('%')) return encoded;
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length; at++) {
    const hex = encoded[at] === '%' ? /^[0-9a-fA-F]{2}/.exec(encoded.slice(at + 1, at + 3))?.[0] : undefined;
    bytes.push(hex === undefined ? encoded.charCodeAt(at) & 255 : Number.parseInt(hex, 16));
    if (hex !== undefined) at += 2;
  }
  return Buffer.from(bytes).toString('utf8');
}
