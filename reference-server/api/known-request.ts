import type { Tensor } from '../infer.ts';
import type { ModelSignature } from '../models/model-signature.ts';
import { type DecodedInferRequest, decodeInferRequest } from './infer-request-codec.ts';

/**
 * Requests of one caller mostly differ in nothing but their id and their tensors' bytes. Then what the JSON says is known
 * from the one before, and only the bytes are looked up anew:
 *
 *   {"id":" | 000042 | ","inputs":[...],...} | bytes of the tensors
 *    same     any      same as last time       as many as last time
 *
 * `last` is what this call gave for a request before.
 */
export interface KnownRequest {
  /** Its tensors without their bytes. */
  readonly decoded: DecodedInferRequest;
  /** Bytes of each tensor. */
  readonly sizes: readonly number[];
  readonly signature: ModelSignature;
  readonly headerLength: string | undefined;
  readonly hasId: boolean;
  /** The JSON from where the id ends; all of it where there is none. */
  readonly after: Buffer;
  readonly tensorBytes: number;
}

const ID_START = Buffer.from('{"id":"');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** As `decodeInferRequest`, and throws as it does. */
export function decodeLike(
  last: KnownRequest | undefined,
  body: Buffer,
  headerLength: string | undefined,
  signature: ModelSignature,
): { readonly decoded: DecodedInferRequest; readonly known: KnownRequest | undefined } {
  const jsonBytes = Number(headerLength ?? body.byteLength);
  // No length at all, or more than there is: the other reader says so.
  if (!(jsonBytes <= body.byteLength)) {
    return { decoded: decodeInferRequest(body, headerLength, signature), known: undefined };
  }
  const idEnd = idEndOf(body, jsonBytes);
  const comparable = last?.signature === signature && last.headerLength === headerLength;
  const again = comparable ? decodeAgain(last, body, jsonBytes, idEnd) : undefined;
  if (again !== undefined) return { decoded: again, known: last };
  const decoded = decodeInferRequest(body, headerLength, signature);
  const seen = knownFrom(decoded, body, jsonBytes, idEnd);
  return { decoded, known: seen && { ...seen, signature, headerLength } };
}

/** Where a plain id at the very start ends: the place of its second quotation mark; 0 where there is none. */
function idEndOf(body: Buffer, jsonBytes: number): number {
  if (jsonBytes < ID_START.length || ID_START.compare(body, 0, ID_START.length) !== 0) return 0;
  for (let at = ID_START.length; at < jsonBytes; at++) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH || byte < 0x20 || byte > 0x7e) return 0;
  }
  return 0;
}

function decodeAgain(
  { hasId, after, tensorBytes, sizes, decoded }: KnownRequest,
  body: Buffer,
  jsonBytes: number,
  idEnd: number,
): DecodedInferRequest | undefined {
  if (hasId !== idEnd > 0 || body.byteLength - jsonBytes !== tensorBytes) return undefined;
  if (jsonBytes - idEnd !== after.length || after.compare(body, idEnd, jsonBytes) !== 0) return undefined;
  let at = jsonBytes;
  const inputs = decoded.request.inputs.map((input, index): Tensor => {
    const from = at;
    at += sizes[index] ?? 0;
    return { name: input.name, datatype: input.datatype, shape: input.shape, data: body.subarray(from, at) };
  });
  const id = hasId ? body.toString('latin1', ID_START.length, idEnd) : undefined;
  return { ...decoded, id, request: { ...decoded.request, inputs } };
}

/** Undefined where more than the id and the bytes may differ: tensors in JSON, or of texts, or in another order. */
function knownFrom(
  decoded: DecodedInferRequest,
  body: Buffer,
  jsonBytes: number,
  idEnd: number,
): Omit<KnownRequest, 'signature' | 'headerLength'> | undefined {
  let at = body.byteOffset + jsonBytes;
  for (const { data, datatype } of decoded.request.inputs) {
    if (datatype === 'BYTES' || data.buffer !== body.buffer || data.byteOffset !== at) return undefined;
    at += data.byteLength;
  }
  // Raw bytes without any JSON, and an id that stands elsewhere or twice: read anew each time.
  if (jsonBytes === 0 || idEnd > 0 !== (decoded.id !== undefined)) return undefined;
  if (idEnd > 0 && body.toString('latin1', ID_START.length, idEnd) !== decoded.id) return undefined;
  const after = Buffer.from(body.subarray(idEnd, jsonBytes));
  if (idEnd > 0 && after.includes('"id"')) return undefined;
  const { inputs } = decoded.request;
  return {
    decoded: { ...decoded, request: { ...decoded.request, inputs: inputs.map(withoutBytes) } },
    sizes: inputs.map(({ data }) => data.byteLength),
    hasId: idEnd > 0,
    after,
    tensorBytes: body.byteLength - jsonBytes,
  };
}

const NO_BYTES = new Uint8Array(0);

/** What is kept of a tensor must not be a view on a body, which may be a buffer that the next one gets. */
function withoutBytes(tensor: Tensor): Tensor {
  return { ...tensor, data: NO_BYTES };
}
