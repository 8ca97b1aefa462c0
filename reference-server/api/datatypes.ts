import type { Datatype } from '../infer.ts';

/** Bytes of one element; undefined for BYTES, whose elements carry a length of four bytes each. */
const ELEMENT_BYTES: Readonly<Record<Datatype, number | undefined>> = {
  BOOL: 1,
  UINT8: 1,
  INT8: 1,
  UINT16: 2,
  INT16: 2,
  UINT32: 4,
  INT32: 4,
  UINT64: 8,
  INT64: 8,
  FP16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: undefined,
};

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** What is wrong with these bytes as that many elements, or undefined when they fit. */
export function binaryMisfit(
  data: Uint8Array,
  datatype: Datatype,
  shape: readonly number[],
): string | undefined {
  const count = elementCount(shape);
  const elementBytes = ELEMENT_BYTES[datatype];
  if (elementBytes === undefined) {
    const found = splitStrings(data)?.length;
    if (found === undefined)
      return 'its bytes end inside an element: each is a length of 4 bytes, then its bytes';
    return found === count ? undefined : `it has ${found} elements, shape [${shape}] needs ${count}`;
  }
  const needed = count * elementBytes;
  if (data.byteLength === needed) return undefined;
  return `it has ${data.byteLength} bytes, ${datatype} of shape [${shape}] needs ${needed}`;
}

/** The elements of a BYTES tensor as views, or undefined when the lengths do not add up. */
export function splitStrings(data: Uint8Array): readonly Uint8Array[] | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const elements: Uint8Array[] = [];
  let offset = 0;
  while (offset < data.byteLength) {
    if (offset + 4 > data.byteLength) return undefined;
    const end = offset + 4 + view.getUint32(offset, true);
    if (end > data.byteLength) return undefined;
    elements.push(data.subarray(offset + 4, end));
    offset = end;
  }
  return elements;
}

/** Each element as a length of four bytes, little-endian, then its bytes. */
export function joinStrings(elements: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(elements.reduce((total, element) => total + 4 + element.byteLength, 0));
  const view = new DataView(joined.buffer);
  let offset = 0;
  for (const element of elements) {
    view.setUint32(offset, element.byteLength, true);
    joined.set(element, offset + 4);
    offset += 4 + element.byteLength;
  }
  return joined;
}
