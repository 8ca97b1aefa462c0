import { splitStrings } from '../byte-elements.ts';
import { ELEMENT, elements } from '../execution/tensors.ts';
import type { Datatype } from '../infer.ts';

/** What is wrong with these bytes as that many elements, or undefined when they fit. */
export function binaryMisfit(
  data: Uint8Array,
  datatype: Datatype,
  shape: readonly number[],
): string | undefined {
  const count = elements(shape);
  if (datatype === 'BYTES') {
    const found = splitStrings(data)?.length;
    if (found === undefined)
      return 'its bytes end inside an element: each is a length of 4 bytes, then its bytes';
    return found === count ? undefined : `it has ${found} elements, shape [${shape}] needs ${count}`;
  }
  const needed = count * ELEMENT[datatype].bytes;
  if (data.byteLength === needed) return undefined;
  return `it has ${data.byteLength} bytes, ${datatype} of shape [${shape}] needs ${needed}`;
}
