/** The elements of a BYTES tensor as views, or undefined when the lengths do not add up. */
export function splitStrings(data: Uint8Array): readonly Uint8Array[] | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const found: Uint8Array[] = [];
  let offset = 0;
  while (offset < data.byteLength) {
    if (offset + 4 > data.byteLength) return undefined;
    const end = offset + 4 + view.getUint32(offset, true);
    if (end > data.byteLength) return undefined;
    found.push(data.subarray(offset + 4, end));
    offset = end;
  }
  return found;
}

/** Each element as a length of four bytes, little-endian, then its bytes. */
export function joinStrings(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((total, part) => total + 4 + part.byteLength, 0));
  const view = new DataView(joined.buffer);
  let offset = 0;
  for (const part of parts) {
    view.setUint32(offset, part.byteLength, true);
    joined.set(part, offset + 4);
    offset += 4 + part.byteLength;
  }
  return joined;
}
