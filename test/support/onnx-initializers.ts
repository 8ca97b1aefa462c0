import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';

/** The part of onnx.proto that leads to the weights, read with a protobuf library that did not write them. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Model { Graph graph = 7; }
  message Graph { repeated Tensor initializer = 5; }
  message Tensor { repeated int64 dims = 1; int32 type = 2; string name = 8; bytes raw = 9; }
`);

const FLOAT = 1;

interface DecodedModel {
  readonly graph: { readonly initializer: readonly DecodedTensor[] };
}

interface DecodedTensor {
  readonly type: number;
  readonly name: string;
  readonly raw: Uint8Array;
}

/** The FP32 initialisers of an ONNX file, by name. */
export function readInitializers(path: string): Map<string, Float32Array> {
  const decoded = root.lookupType('Model').decode(readFileSync(path)) as unknown as DecodedModel;
  const floats = decoded.graph.initializer.filter(({ type }) => type === FLOAT);
  return new Map(
    floats.map(({ name, raw }) => {
      const aligned = new Uint8Array(raw);
      return [name, new Float32Array(aligned.buffer)];
    }),
  );
}
