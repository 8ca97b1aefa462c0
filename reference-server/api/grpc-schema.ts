import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { invalid } from '../errors.ts';
import { MESSAGE_PREFIX_BYTES } from './grpc-infer-codec.ts';

/** One unary method's messages as plain objects, with the names of the .proto. */
export interface MessageCodec {
  /** Fields that are not there have their defaults; 64-bit numbers are numbers. */
  decode(message: Buffer): Readonly<Record<string, unknown>>;
  /** With gRPC's prefix. What the message has no field for is left out. */
  encode(document: object): Buffer;
}

const FILES = ['open_inference.proto', 'grpc_health.proto'];

/** The codecs of every method in proto/, by path: /package.Service/Method. */
export function readGrpcSchema(): ReadonlyMap<string, MessageCodec> {
  const root = new protobuf.Root();
  for (const file of FILES) protobuf.parse(protoText(file), root, { keepCase: true });
  root.resolveAll();
  const codecs = new Map<string, MessageCodec>();
  for (const name of ['inference.GRPCInferenceService', 'grpc.health.v1.Health']) {
    for (const method of root.lookupService(name).methodsArray) {
      codecs.set(`/${name}/${method.name}`, codecOf(method));
    }
  }
  return codecs;
}

function protoText(file: string): string {
  // Two folders up from here in a clone, three from dist/.
  const folder = import.meta.url.endsWith('.ts') ? '../../proto/' : '../../../proto/';
  return readFileSync(new URL(folder + file, import.meta.url), 'utf8');
}

function codecOf({
  resolvedRequestType: asks,
  resolvedResponseType: answers,
}: protobuf.Method): MessageCodec {
  if (asks === null || answers === null) throw new Error('a method without its messages');
  return {
    decode(message) {
      try {
        return asks.toObject(asks.decode(message), { defaults: true, longs: Number });
      } catch (error) {
        throw invalid(`the message is no ${asks.name}: ${error instanceof Error ? error.message : error}`);
      }
    },
    encode(document) {
      const message = answers.encode(answers.fromObject(document)).finish();
      const all = Buffer.alloc(MESSAGE_PREFIX_BYTES + message.length);
      all.writeUInt32BE(message.length, 1);
      all.set(message, MESSAGE_PREFIX_BYTES);
      return all;
    },
  };
}
