import type { Field } from './hpack-reference.ts';

/** What a block of fields says to a gRPC client. */
export interface GrpcBlock {
  /** `:status`; undefined for trailers. */
  readonly httpStatus: number | undefined;
  readonly grpcStatus: number | undefined;
  readonly isGrpc: boolean;
}

const NAME = /^:?[\x21-\x39\x3b-\x40\x5b-\x7e]+$/;
const BREAK = /[\0\r\n]/;
const GRPC_TYPE = /^application\/grpc(?:[+;].*)?$/s;
const UNKNOWN = 2;
const LAST_STATUS = 16;

/** Undefined for what RFC 9113 (8.2.1, 8.3) calls malformed, or what says two things at once. */
export function grpcBlock(fields: readonly Field[]): GrpcBlock | undefined {
  const regularAt = fields.findIndex(([name]) => !name.startsWith(':'));
  const areSound = fields.every(
    ([name, value], at) =>
      NAME.test(name) && !BREAK.test(value) && !(name.startsWith(':') && regularAt >= 0 && at > regularAt),
  );
  const pseudo = fields.filter(([name]) => name.startsWith(':'));
  const statuses = valuesOf(fields, ':status');
  if (!areSound || pseudo.length !== statuses.length || statuses.length > 1) return undefined;
  const [status] = statuses;
  if (status !== undefined && !/^[1-9]\d\d$/.test(status)) return undefined;
  const grpcStatuses = valuesOf(fields, 'grpc-status');
  if (grpcStatuses.length > 1) return undefined;
  return {
    httpStatus: status === undefined ? undefined : Number(status),
    grpcStatus: grpcStatuses[0] === undefined ? undefined : grpcStatus(grpcStatuses[0]),
    isGrpc: GRPC_TYPE.test(valuesOf(fields, 'content-type').at(-1) ?? ''),
  };
}

function valuesOf(fields: readonly Field[], wanted: string): string[] {
  return fields.flatMap(([name, value]) => (name === wanted ? [value] : []));
}

function grpcStatus(text: string): number {
  return /^\d{1,3}$/.test(text) && Number(text) <= LAST_STATUS ? Number(text) : UNKNOWN;
}
